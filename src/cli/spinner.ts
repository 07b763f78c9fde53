const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

/** What turns while something is under way. */
export function spinnerFrame(frame: number): string {
  return FRAMES[frame % FRAMES.length] ?? ''
}
