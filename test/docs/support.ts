/** The whole documents in the code blocks of a page, one text each; fragments are left out. */
export function documentsIn(page: string): readonly string[] {
  return [...page.matchAll(/```yaml\n([\s\S]*?)```/g)]
    .map(([, block = '']) => block)
    .filter((block) => block.includes('apiVersion:'));
}
