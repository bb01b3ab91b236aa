/**
 * Why a path that somebody named cannot be used, in words about that path. Node's own name a system call, and sometimes a
 * file inside of a directory, which nobody named.
 */
import { getSystemErrorMap } from 'node:util'

const words: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'a part of the path is a file, not a directory',
  EISDIR: 'it is a directory, not a file',
  EACCES: 'this user has no right to it',
  EPERM: 'this user has no right to it',
}

/** Completes "cannot read PATH: ...". What the operating system did not say keeps its message. */
export function whyPath(error: unknown): string {
  const { code = '', errno = 0, message } = error as NodeJS.ErrnoException
  return words[code] ?? getSystemErrorMap().get(errno)?.[1] ?? message
}
