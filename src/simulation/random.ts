/** Numbers that look random and are the same for the same seed on every machine. */
export interface Random {
  /** A whole number from 0 to `below` - 1. */
  below(below: number): number;
  /** True in `percent` of a hundred cases. */
  chance(percent: number): boolean;
  /** One of `all`, which has at least one. */
  of<T>(all: readonly [T, ...T[]]): T;
}

/**
 * SplitMix32, the 32-bit form of Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators (OOPSLA 2014).
 * Seeds that follow one another give runs that have nothing to do with one another.
 */
export function randomOf(seed: number): Random {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  function below(limit: number): number {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return Math.floor((((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32) * limit);
  }
  return {
    below,
    chance: (percent) => below(100) < percent,
    of: (all) => all[below(all.length)] ?? all[0],
  };
}
