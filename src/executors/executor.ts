/** A process to run to its end. */
export interface Task {
  readonly command: string
  readonly arguments: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly workingFolder: string
  /** Carried in the environment as REFIT_PROCESS by the process and all it starts: `<state>/<run>/<stage>/<attempt>`. */
  readonly token: string
  readonly limits: { readonly milliseconds: number; readonly memoryBytes: number }
  /** Standard output and error are appended here as they come. */
  readonly logFile: string
}

/** How a task ended. */
export type TaskEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'memory'; readonly bytes: number }
  | { readonly kind: 'cancelled' }

/** Where the processes of a run are executed. */
export interface Executor {
  readonly kind: string
  /** Runs the task; when it ends, for whatever reason, none of its processes is left. */
  run(task: Task, signal: AbortSignal): Promise<TaskEnd>
  /** Ends every process, however detached, whose token begins with `prefix`. Returns how many there were. */
  endAll(prefix: string): Promise<number>
}
