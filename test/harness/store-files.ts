// The files of a nats-server's store, searched as somebody with the disk in hand would.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NatsServer } from './nats.ts';

/** Whether a text stands anywhere in the store. */
export async function isInStore({ dir }: Pick<NatsServer, 'dir'>, text: string): Promise<boolean> {
  const files = await readdir(join(dir, 'store'), { recursive: true, withFileTypes: true });
  for (const file of files)
    if (file.isFile() && (await readFile(join(file.parentPath, file.name))).includes(text)) return true;
  return false;
}
