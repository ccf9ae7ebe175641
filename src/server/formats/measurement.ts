const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

interface Described {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * The measured value of an alert, for policies that compare numbers: the annotation `value`, else the label
 * `value`. Only a plain number counts; `91 °C` or `91%` has none, since guessing units would be worse.
 */
export function measuredValue({ labels, annotations }: Described): { readonly value?: number } {
  for (const text of [annotations.value, labels.value]) {
    const value = text !== undefined && NUMBER.test(text) ? Number(text) : NaN;
    if (Number.isFinite(value)) return { value };
  }
  return {};
}
