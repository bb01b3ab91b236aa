/** The two functions of fs-native-extensions that are used; the package ships no declarations. */
declare module 'fs-native-extensions' {
  /** Takes the lock of an opened file (Linux: an open file description lock). False if another open file holds it. */
  export function tryLock(fd: number): boolean
  export function unlock(fd: number): void
}
