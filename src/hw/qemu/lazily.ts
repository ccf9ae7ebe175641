/** A value that takes long to make and that most processes, such as a check of documents, never ask for. */
export function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}
