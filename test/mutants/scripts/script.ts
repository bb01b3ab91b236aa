/** A story that is told on purpose to one program, true or mutated, and what it has to say of it. */

export interface Script {
  readonly name: string
  run(): Said
}

export interface Said {
  /** What is broken, '' where all is well. */
  readonly invariant: string
  readonly message: string
}

export const allIsWell: Said = { invariant: '', message: '' }

/** The invariant of a story that did not come to its point with this program: that says nothing of its rules. */
export const notTold = 'Story'
