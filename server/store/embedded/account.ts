import { readFile, stat } from 'node:fs/promises';
import { dirname, parse } from 'node:path';

/** The account PostgreSQL runs under when this process is root: it refuses to run as root itself. */
export interface Account {
  uid: number;
  gid: number;
}

/** `postgres`, or `nobody` where there is no such account; null when this process is not root. Makes no account. */
export async function databaseAccount(): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null;
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const entry = lines.find(([user]) => user === name);
    if (entry !== undefined) return { uid: Number(entry[2]), gid: Number(entry[3]) };
  }
  throw new Error(
    'PostgreSQL cannot run as root and there is no account "postgres" or "nobody". Set DATABASE_URL, or start as another user.',
  );
}

/** Whether the account may walk down to the path. Folders that do not exist yet do not count. */
export async function isReachable(path: string, account: Account): Promise<boolean> {
  for (let folder = path; ; folder = dirname(folder)) {
    const found = await stat(folder).catch(() => null);
    if (found !== null) {
      const bit = found.uid === account.uid ? 0o100 : found.gid === account.gid ? 0o010 : 0o001;
      if ((found.mode & bit) === 0) return false;
    }
    if (folder === parse(folder).root) return true;
  }
}
