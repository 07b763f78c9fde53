/** The channel that tells serving to look at what is to serve now. */
export const CHAMPIONS_CHANNEL = 'refit_champions'
