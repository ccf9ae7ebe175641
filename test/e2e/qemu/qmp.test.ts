/** The QMP client against real QEMU. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { HardwareError } from '../../../src/hw/contract.js';
import { connectQmp, type QmpConnection } from '../../../src/hw/qemu/qmp/connection.js';
import { describeSuite } from '../../support/require.js';
import { QEMU } from './support/needs.js';
import { QEMU_BINARY } from './support/qemu.js';

describeSuite('a QMP monitor of real QEMU', [...QEMU, 'root'], () => {
  let folder: string;
  let path: string;
  let qemu: ChildProcess;
  let qmp: QmpConnection;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rk-qmp-'));
    path = join(folder, 'qmp.sock');
    const nothing = ['-machine', 'none', '-nodefaults', '-display', 'none', '-S'];
    qemu = spawn(QEMU_BINARY, [...nothing, '-qmp', `unix:${path},server=on,wait=off`], { stdio: 'ignore' });
    qmp = await whenItListens();
  });
  afterEach(() => {
    qmp.close();
    qemu.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  async function whenItListens(): Promise<QmpConnection> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await connectQmp(path, 'web-1');
      } catch (error) {
        if (tries > 500) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  it('answers commands with what the manual says', async () => {
    const { qemu: version } = await qmp.execute('query-version');
    expect(version.major).toBeGreaterThanOrEqual(7);
    expect(await qmp.execute('query-status')).toMatchObject({ running: false, status: 'prelaunch' });
    expect(await qmp.execute('query-named-block-nodes', { flat: true })).toEqual([]);
    expect(await qmp.execute('query-migrate')).toEqual({});
  });

  it('tells what happens, with its own time', async () => {
    const resumed = qmp.next(({ event }) => event === 'RESUME');
    const before = Date.now();
    await qmp.execute('cont');
    const { atMs } = await resumed;
    expect(atMs).toBeGreaterThanOrEqual(before - 1);
    expect(atMs).toBeLessThanOrEqual(Date.now());
  });

  it('refuses in its own words', async () => {
    const removed = qmp.execute('blockdev-del', { 'node-name': 'no-such-node' });
    await expect(removed).rejects.toThrow(/web-1: QEMU refused blockdev-del: .*no-such-node/);
    // A refusal ends the command and nothing else.
    expect((await qmp.execute('query-status')).status).toBe('prelaunch');
  });

  it('serves one client at a time, and the next when that has gone', async () => {
    const second = connectQmp(path, 'web-1', { timeoutMs: 100 });
    await expect(second).rejects.toThrow('another client holds the monitor');
    qmp.close();
    qmp = await whenItListens();
    expect((await qmp.execute('query-status')).running).toBe(false);
  });

  it('is over when QEMU ends, and when it is killed', async () => {
    const waiting = qmp.next(() => false);
    waiting.catch(() => undefined);
    qemu.kill('SIGKILL');
    await expect(waiting).rejects.toThrow(/web-1: (QEMU closed its monitor|its monitor broke)/);
    await qmp.closed;
    expect(qmp.isOpen).toBe(false);
  });

  it('ends QEMU by `quit`', async () => {
    const exit = once(qemu, 'exit');
    await qmp.execute('quit').catch(() => undefined);
    expect(await exit).toEqual([0, null]);
  });

  it('that this user may not open is told as such, with what to do', async () => {
    qmp.close();
    chmodSync(folder, 0o711);
    chmodSync(path, 0o600);
    process.seteuid?.('nobody');
    try {
      const refused = await connectQmp(path, 'web-1').catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(HardwareError);
      expect(refused).toMatchObject({ code: 'refused', subject: 'web-1' });
      expect(String(refused)).toContain(
        `${path} may not be opened (EACCES); run as the user that started QEMU`,
      );
    } finally {
      process.seteuid?.(0);
    }
  });
});
