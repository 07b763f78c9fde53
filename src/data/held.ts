/** That there was another row of a row's unit in some parts, and that the row itself was in them. Of neither it is 0. */
export const [UNIT_HELD, ROW_HELD] = [1, 2] as const
