/** How long a request for predictions may take where nothing else is said, milliseconds. */
export const DEADLINE_MS = 30_000
