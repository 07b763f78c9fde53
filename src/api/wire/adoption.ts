export { TRAINED_ON_PREFIX } from '../../packages/origin-note.js'
