"""Functions of Node can import the AWS SDK, as far as it is here, and are told where it is not.

Lambda's Node runtimes have the AWS SDK for JavaScript v3 ("Building Lambda functions with Node.js",
Lambda developer guide), and `AwsCustomResource` of the CDK relies on it. Here is the client of S3,
and MiniStack has stand-ins for those of services that speak JSON. Nobody can ask these which
commands they have, as `AwsCustomResource` does; and any other client fails the function where it is
imported, whether or not it is ever called. With this the stand-ins know the operations of the
service model that botocore ships, and a client that there is not fails when something is asked of
it, by name. What a function bundles is its own, and comes first.
"""

from __future__ import annotations

import json
from pathlib import Path

import botocore
from ministack.core import lambda_runtime

_HELPERS = r"""
  const _FOLDERS = { states: "stepfunctions" };
  function _operations(service) {
    const folder = require("path").join(%s, _FOLDERS[service] || service);
    const fs = require("fs");
    if (!fs.existsSync(folder)) return [];
    const model = folder + "/" + fs.readdirSync(folder).sort().pop() + "/service-2.json.gz";
    const text = require("zlib").gunzipSync(fs.readFileSync(model));
    return Object.keys(JSON.parse(text).operations);
  }
  function _commands(service) {
    let names;
    const all = () => names || (names = ["ServiceClient"].concat(
      _operations(service).map((operation) => operation + "Command")));
    return {
      ownKeys() { return all(); },
      getOwnPropertyDescriptor(target, prop) {
        if (!all().includes(prop)) return undefined;
        return { value: this.get(target, prop), enumerable: true, configurable: true };
      },
    };
  }
  function _absent(id) {
    const refuse = () => Promise.reject(new Error(
      "the embedded AWS has no " + id + " for functions of Node: bundle it with the function"));
    class Client {
      constructor() {
        return new Proxy({}, { get: (_, prop) => (prop === "config" ? {} : refuse) });
      }
    }
    return new Proxy({}, {
      ..._commands(id.replace(/^@aws-sdk\/client-/, "")),
      get(_, prop) {
        if (typeof prop !== "string" || !/^[A-Z]/.test(prop)) return undefined;
        return prop.endsWith("Command") ? class {} : Client;
      },
    });
  }
"""
_BEFORE = "  function _makeGenericJsonServiceModule(targetPrefix, id) {\n"
_CHANGES = (
    (
        "    class GenericClient {\n      constructor(_cfg) {}\n",
        "    class GenericClient {\n      constructor(_cfg) { "
        "this.config = { region: async () => process.env.AWS_REGION }; }\n",
    ),
    (
        "      {},\n      {\n        get(_, prop) {\n"
        '          if (typeof prop !== "string") return undefined;\n'
        '          if (prop.endsWith("Client"))',
        "      {},\n      {\n        ..._commands(service),\n        get(_, prop) {\n"
        '          if (typeof prop !== "string") return undefined;\n'
        '          if (prop.endsWith("Client"))',
    ),
    (
        """      throw new Error(
        "MiniStack local executor has no stub for '" + id
        + "'; bundle the module with your function or use LAMBDA_EXECUTOR=docker."
      );
""",
        "      return _absent(id);\n",
    ),
)


def install() -> None:
    """Changes the script of the workers; the first that is started comes after."""
    script = lambda_runtime._NODEJS_WORKER_SCRIPT
    models = json.dumps(str(Path(botocore.__file__).with_name("data")))
    for old, new in ((_BEFORE, _HELPERS % models + _BEFORE), *_CHANGES):
        if script.count(old) != 1:
            raise RuntimeError(f"the script of MiniStack's Node workers has no longer: {old}")
        script = script.replace(old, new)
    lambda_runtime._NODEJS_WORKER_SCRIPT = script
