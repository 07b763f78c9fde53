import type { RegisteredModel } from './answers.js'

const PROMPT_TAG = 'mlflow.prompt.is_prompt'

/** Whether it is a prompt of MLflow's, which are registered as models are. */
export function isPrompt({ tags = [] }: RegisteredModel): boolean {
  return tags.some(({ key, value }) => key === PROMPT_TAG && value?.toLowerCase() === 'true')
}
