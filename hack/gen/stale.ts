// Which generated files are not what their generators make now. Reads the tree and formats; writes nothing.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as prettier from 'prettier';
import type { Generated } from './generated.ts';

export type Stale = { readonly path: string; readonly text: string };

/** The files below `root` that are missing or differ, each with the text it should have. */
export async function findStale(root: string, files: readonly Generated[]): Promise<readonly Stale[]> {
  const stale: Stale[] = [];
  for (const { path, make } of files) {
    const filepath = join(root, path);
    const style = await prettier.resolveConfig(filepath);
    const text = await prettier.format(await make(), { ...style, filepath });
    if (text !== (await readIfThere(filepath))) stale.push({ path, text });
  }
  return stale;
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new Error(`${file} cannot be read`, { cause: error });
  }
}
