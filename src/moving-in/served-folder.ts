import { below, checkArtifactPath, type ArtifactPath } from '../tracking/artifact-path.js'
import { FILES } from './file-place.js'
import { withQuery } from './messages.js'

/** A folder on a server, by the addresses at which that lists it and hands out its files. */
export interface ServedFolder {
  /** What it is called where something of it is told. */
  readonly called: string
  /** Its own path, where it has one: paths below it may be too long with it. */
  readonly root: ArtifactPath
  /** Names in a list have the path of the folder before them that is listed. */
  readonly namesAreWhole: boolean
  /** What lies in a folder below it. */
  listing(within: ArtifactPath): string
  file(path: ArtifactPath): string
}

/** A folder by its path in what the server keeps. */
export function storedFolder(root: ArtifactPath): ServedFolder {
  return {
    called: root,
    root,
    namesAreWhole: false,
    listing: (within) => withQuery(FILES, { path: below(root, within) }),
    file: (path) => storedFile(below(root, path)),
  }
}

/** The address of a file by its path in what a server keeps. */
export function storedFile(path: ArtifactPath): string {
  return `${FILES}/${path.split('/').map(encodeURIComponent).join('/')}`
}

/** What a run has logged, wherever the server finds it: as MLflow's pages ask for it. */
export function folderOfRun(id: string): ServedFolder {
  return {
    called: `run ${id}`,
    root: checkArtifactPath(''),
    namesAreWhole: true,
    listing: (within) => withQuery('/api/2.0/mlflow/artifacts/list', { run_id: id, path: within === '' ? undefined : within }),
    file: (path) => withQuery('/get-artifact', { run_id: id, path }),
  }
}

/** The same of a logged model. */
export function folderOfLoggedModel(id: string): ServedFolder {
  const model = encodeURIComponent(id)
  return {
    called: `logged model ${id}`,
    root: checkArtifactPath(''),
    namesAreWhole: true,
    listing: (within) => withQuery(`/api/2.0/mlflow/logged-models/${model}/artifacts/directories`, { artifact_directory_path: within === '' ? undefined : within }),
    file: (path) => withQuery(`/ajax-api/2.0/mlflow/logged-models/${model}/artifacts/files`, { artifact_file_path: path }),
  }
}
