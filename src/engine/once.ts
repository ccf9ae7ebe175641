/**
 * Finds something out once for each value that it is asked of. Only for values that never change, such as an
 * inventory or the rows of a view: then equal questions keep having equal answers.
 */
export function once<K extends object, V>(find: (key: K) => V): (key: K) => V {
  const found = new WeakMap<K, { readonly value: V }>();
  return (key) => {
    const known = found.get(key);
    if (known !== undefined) return known.value;
    const value = find(key);
    found.set(key, { value });
    return value;
  };
}
