// Environment variables as tables: what a program takes, and reading it with a problem in words for each that is missing or
// unusable. Knows no variable; each program's table stands in its config.ts, and docs/reference/environment.md is made from them.

export type Variable = {
  /** Undefined: required wherever the program reads it. */
  readonly default: string | undefined;
  /** How the reference names a default that depends on the machine. */
  readonly defaultIs?: string;
  readonly type: string;
  readonly example: string;
  readonly meaning: string;
};

export type Environment<Name extends string> = {
  /** What `parse` makes of a variable; the fallback, and a problem, where it is missing or `parse` gives undefined. */
  read<T>(name: Name, parse: (text: string) => T | undefined, fallback: T): T;
  /** One for each variable read that is missing or unusable. */
  readonly problems: readonly string[];
};

/** An empty variable counts as one that is not set. */
export function openEnvironment<Name extends string>(
  variables: Readonly<Record<Name, Variable>>,
  env: Readonly<Record<string, string | undefined>>,
): Environment<Name> {
  const problems: string[] = [];
  return {
    read: (name, parse, fallback) => {
      const { default: standard, meaning, type, example } = variables[name];
      const remedy = `${meaning}. Set it to a ${type}, such as ${name}=${example}`;
      const value = env[name] || standard;
      if (value === undefined) problems.push(`${name} is not set: ${remedy}`);
      const parsed = value === undefined ? fallback : parse(value);
      if (parsed === undefined) problems.push(`${name}=${value} cannot be used: ${remedy}`);
      return parsed ?? fallback;
    },
    problems,
  };
}

export type HostPort = { readonly host: string; readonly port: number };

/** `host:port` or `[v6]:port`; port 0 picks one. */
export function parseHostPort(text: string): HostPort | undefined {
  const [, v6, name, port] = /^(?:\[([0-9a-f:.]+)\]|([^[\]:]+)):(\d{1,5})$/i.exec(text.trim()) ?? [];
  const host = v6 ?? name;
  return host === undefined || Number(port) > 65_535 ? undefined : { host, port: Number(port) };
}
