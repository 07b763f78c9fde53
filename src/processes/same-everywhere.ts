/**
 * Zone and language of the processes in which rows are prepared and models are run. Both are fixed when a process starts
 * and cannot be changed after that, and what code of the project makes of a time or a number follows them: a row must
 * come out of training, check and serving the same, on whatever machine and in whatever shell each was started.
 */
export const SAME_EVERYWHERE = { TZ: 'UTC', LC_ALL: 'C.UTF-8' } as const
