/** Where policies are when nothing is said. */
export const DEFAULT_POLICIES = 'policies';

/** What the command line says about where the documents are. */
export interface PolicyPaths {
  readonly paths: readonly string[];
  readonly inventory?: string | undefined;
}

/** Everything that is read: the policies, and an inventory that is kept elsewhere. */
export function documentPaths({ paths, inventory }: PolicyPaths): readonly string[] {
  const policies = paths.length === 0 ? [DEFAULT_POLICIES] : paths;
  return inventory === undefined ? policies : [...policies, inventory];
}
