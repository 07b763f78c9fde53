import { spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Shows a file in whatever the desktop opens it with; false where there is no desktop. What it starts is the desktop's and
 * outlives the command.
 */
export async function openFile(path: string): Promise<boolean> {
  const { DISPLAY: display = '', WAYLAND_DISPLAY: wayland = '' } = process.env
  if (display === '' && wayland === '') return false
  const opener = spawn('xdg-open', [path], { detached: true, stdio: 'ignore' })
  try {
    await once(opener, 'spawn')
  } catch {
    // There is no such program: the path is told instead.
    return false
  }
  opener.unref()
  return true
}
