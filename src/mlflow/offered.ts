/** What of this room there is on a server, for who asks it for something else. */
export const mlflowOffered = "MLflow's API below /api/2.0/mlflow, as docs/mlflow.md tells, and a page of its experiments and runs at /"
