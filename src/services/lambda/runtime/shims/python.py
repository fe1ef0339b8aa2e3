"""The runtime of python functions: loads the handler and asks the Runtime API for one invocation after another.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import http.client
import importlib
import json
import logging
import os
import struct
import sys
import time
import traceback

PREFIX = "/2018-06-01/runtime"
API = os.environ["AWS_LAMBDA_RUNTIME_API"]
TELEMETRY_FD = int(os.environ.pop("_LAMBDA_TELEMETRY_LOG_FD", "0"))
IS_JSON = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"

request_id = None


def write(text):
    """One message as one frame, so that its lines stay together: type, length, microseconds, text."""
    if TELEMETRY_FD:
        data = text.encode()
        frame = struct.pack(">IIQ", 0xA55A0003, len(data), int(time.time() * 1e6)) + data
        while frame:
            frame = frame[os.write(TELEMETRY_FD, frame) :]
    else:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


class Handler(logging.Handler):
    def emit(self, record):
        try:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            if IS_JSON:
                line = {"timestamp": stamp + "Z", "level": record.levelname, "message": record.getMessage()}
                line["logger"] = record.name
                if request_id:
                    line["requestId"] = request_id
                if record.exc_info:
                    line["errorType"] = record.exc_info[0].__name__
                    line["errorMessage"] = str(record.exc_info[1])
                    line["stackTrace"] = traceback.format_tb(record.exc_info[2])
                write(json.dumps(line))
                return
            text = self.format(record)
            write("[%s]\t%s.%03dZ\t%s\t%s" % (record.levelname, stamp, record.msecs, request_id or "", text))
        except Exception:
            self.handleError(record)


class Client:
    def __init__(self):
        self.connection = http.client.HTTPConnection(API)

    def ask(self, method, path, body=None, headers={}):
        self.connection.request(method, PREFIX + path, body, headers)
        response = self.connection.getresponse()
        return response, response.read()

    def error(self, path, facts):
        kind = facts["errorType"]
        self.ask("POST", path, json.dumps(facts).encode(), {"Lambda-Runtime-Function-Error-Type": kind})


def facts_of(error, kind=None):
    """An exception as Lambda shows it, without the frames of this file."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename != __file__]
    return {
        "errorMessage": str(error),
        "errorType": kind or type(error).__name__,
        "requestId": request_id or "",
        "stackTrace": traceback.format_list(frames),
    }


def log_error(facts):
    if IS_JSON:
        line = {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "log_level": "ERROR"}
        write(json.dumps({**line, **facts}))
    else:
        lines = ["[ERROR] %s: %s" % (facts["errorType"], facts["errorMessage"])]
        if facts["stackTrace"]:
            lines.append("Traceback (most recent call last):")
            lines.append("".join(facts["stackTrace"]).rstrip("\n"))
        write("\n".join(lines))


class LoadError(Exception):
    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def load():
    name = os.environ["_HANDLER"]
    parts = name.rsplit(".", 1)
    if len(parts) != 2:
        raise LoadError("Runtime.MalformedHandlerName", "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % name)
    module_name, function_name = parts
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise LoadError("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module_name, error))
    except SyntaxError as error:
        raise LoadError("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, error))
    if not hasattr(module, function_name):
        raise LoadError("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (function_name, module_name))
    return getattr(module, function_name)


class Named:
    def __init__(self, values):
        for key, value in (values or {}).items():
            setattr(self, key, value)


class Context:
    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self._deadline_ms = int(headers["Lambda-Runtime-Deadline-Ms"])
        given = headers.get("Lambda-Runtime-Client-Context")
        self.client_context = None
        if given:
            values = json.loads(given)
            self.client_context = Named({"custom": values.get("custom"), "env": values.get("env")})
            self.client_context.client = Named(values.get("client"))
        self.identity = Named({"cognito_identity_id": None, "cognito_identity_pool_id": None})

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))


def main():
    global request_id
    root = os.environ["LAMBDA_TASK_ROOT"]
    own = os.path.dirname(os.path.abspath(__file__))
    sys.path = [root] + [one for one in sys.path if one not in (own, "")]
    os.chdir(root)
    logging.getLogger().addHandler(Handler())
    if IS_JSON:
        logging.getLogger().setLevel(os.environ.get("AWS_LAMBDA_LOG_LEVEL", "INFO").replace("TRACE", "DEBUG"))
    client = Client()
    try:
        handler = load()
    except BaseException as error:
        facts = facts_of(error, getattr(error, "kind", None))
        if isinstance(error, LoadError):
            facts["stackTrace"] = []
        log_error(facts)
        client.error("/init/error", facts)
        sys.exit(1)
    while True:
        request_id = None
        response, body = client.ask("GET", "/invocation/next")
        headers = response.headers
        request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        if "Lambda-Runtime-Trace-Id" in headers:
            os.environ["_X_AMZN_TRACE_ID"] = headers["Lambda-Runtime-Trace-Id"]
        try:
            value = handler(json.loads(body), Context(headers))
            try:
                text = json.dumps(value, ensure_ascii=False).encode()
            except Exception as error:
                raise LoadError("Runtime.MarshalError", "Unable to marshal response: %s" % error)
        except Exception as error:
            facts = facts_of(error, getattr(error, "kind", None))
            if isinstance(error, LoadError):
                facts["stackTrace"] = []
            log_error(facts)
            client.error("/invocation/%s/error" % request_id, facts)
        else:
            sys.stdout.flush()
            client.ask("POST", "/invocation/%s/response" % request_id, text, {"Content-Type": "application/json"})


main()
