// Compares settings as wanted with settings as the server echoes them. Pure; what the server adds by itself does not count.
export type Settings = Readonly<Record<string, unknown>>;

/** What is not as wanted, as `name=value`. */
export function differences(wanted: Settings, present: Settings): readonly string[] {
  return Object.entries(wanted)
    .filter(([name, value]) => !sameValue(value, present[name]))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
}

function sameValue(wanted: unknown, present: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return wanted === present;
  if (typeof present !== 'object' || present === null) return false;
  if (Array.isArray(wanted) && Array.isArray(present) && wanted.length !== present.length) return false;
  const other = present as Settings;
  return Object.entries(wanted).every(([name, value]) => sameValue(value, other[name]));
}
