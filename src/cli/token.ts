import { randomBytes } from 'node:crypto';
import { examples, formatOption, type AddCommand, type Format } from './command.js';
import { EXIT } from './exit.js';
import { jsonLine } from './print/text.js';

/** 256 bits. */
const BYTES = 32;

export const token: AddCommand = (program, cli) => {
  program
    .command('token')
    .summary('a fresh token, or webhook secret, and what the access file needs of it')
    .description(
      'Makes a token and prints it with its hash. The caller keeps the token; the access file of the service holds the hash and nothing that could be stolen from it.',
    )
    .option(
      '--webhook',
      'a secret for signed webhooks (Standard Webhooks); the service needs the secret itself, in a file of its own',
    )
    .addOption(formatOption())
    .addHelpText(
      'after',
      examples(
        ['rekindle token', 'token: rk_...\ntokenHash: sha256:...'],
        ['rekindle token --webhook', 'whsec_...'],
      ) + '\n\nExit codes: 0 printed, 2 wrong usage.',
    )
    .action(
      cli.handle(
        async ({ webhook = false, format }: { readonly webhook?: boolean; readonly format: Format }) => {
          const { out } = cli.terminal;
          const bytes = randomBytes(BYTES);
          if (webhook) {
            const secret = `whsec_${bytes.toString('base64')}`;
            out.write(format === 'json' ? jsonLine({ webhookSecret: secret }) : `${secret}\n`);
            return EXIT.ok;
          }
          const { hashOfToken } = await import('../server/access/access.js');
          const made = `rk_${bytes.toString('base64url')}`;
          const tokenHash = `sha256:${hashOfToken(made).toString('hex')}`;
          out.write(
            format === 'json'
              ? jsonLine({ token: made, tokenHash })
              : `token: ${made}\ntokenHash: ${tokenHash}\n`,
          );
          return EXIT.ok;
        },
      ),
    );
};
