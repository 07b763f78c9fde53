/** Which requests a version that is being rolled out answers. */

/** Draws by the golden ratio are spread more evenly than random ones: of any hundred in a row ten are below a tenth. */
const GOLDEN = 0.618_033_988_749_894_9

/**
 * Where a caller lies in [0, 1), by the rollout and the caller's key alone: in every serving process, after every restart. A
 * caller lies below a share that grows as soon as it once did, and elsewhere in the next rollout.
 */
export function placeOf(rollout: string, key: string): number {
  return hashOf(`${rollout}\n${key}`) / 2 ** 32
}

/** Where the requests that name no key lie, one after another. */
export function placesWithoutKey(rollout: string): () => number {
  let place = hashOf(rollout) / 2 ** 32
  return () => {
    place = (place + GOLDEN) % 1
    return place
  }
}

/** FNV-1a (Fowler, Noll and Vo), with the finaliser of MurmurHash3 (A. Appleby), so that keys that differ in one place lie far apart. */
function hashOf(text: string): number {
  let hash = 0x811c_9dc5
  for (let index = 0; index < text.length; index += 1) {
    hash ^= text.charCodeAt(index)
    hash = Math.imul(hash, 0x0100_0193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
