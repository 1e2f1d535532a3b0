// Lengths of time as flags take them: `90s`, `15m`, `2h`, `3d`, and sums of these, `1h30m`. Pure.

const units = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const;

/** Milliseconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  if (!/^([0-9]{1,6}[dhms])+$/.test(text)) return undefined;
  return [...text.matchAll(/([0-9]+)([dhms])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * units[unit as keyof typeof units],
    0,
  );
}
