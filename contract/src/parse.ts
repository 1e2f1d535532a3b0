// Turns an unknown value into a contract value or a sentence that says what is wrong with it.
// Every document that crosses a process border (queue entry, snapshot, event, acknowledgement) goes through here.
// The schemas live beside the documents they describe; this file knows none of them.
import { z } from 'zod';

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

/** Checks `value` against `schema`; the problem names the first failing path, e.g. `recipients.0.address: expected string`. */
export function parseWith<T>(schema: z.ZodType<T>, value: unknown): Parsed<T> {
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  const issue = result.error.issues[0];
  const path = issue?.path.join('.') ?? '';
  return { ok: false, problem: `${path === '' ? 'document' : path}: ${issue?.message ?? 'not valid'}` };
}

/** `parseWith` over JSON text; text that is not JSON is a problem, not a throw. */
export function parseJsonWith<T>(schema: z.ZodType<T>, text: string): Parsed<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, problem: 'document: not JSON' };
  }
  return parseWith(schema, value);
}

/** A document's version, read before its schema, so that a newer document is refused by name and not by a missing field. */
export function documentVersion(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || !('v' in value)) return undefined;
  return typeof value.v === 'number' ? value.v : undefined;
}

/** Whether the first line of what cannot be read is a document of a version past this one: whoever wrote it is newer, not wrong. */
export function isNewerThan(version: number, bytes: Uint8Array): boolean {
  const [first = ''] = Buffer.from(bytes).toString().split('\n', 1);
  try {
    return (documentVersion(JSON.parse(first)) ?? 0) > version;
  } catch {
    return false;
  }
}
