"""A pytest plugin for Alternator's tests: they run as they would on AWS, at the endpoint that boto3 is given.

The suite takes hosts of amazonaws.com for AWS; what else its own runner brings with it (clusters, CQL) is not needed.
"""

import sys
import types

import pytest


def _module(name, **members):
    module = types.ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module


def _add_host_option(parser):
    parser.addoption("--host", default=None)


@pytest.fixture(scope="session")
def host():
    return None


_module("test", __path__=["test"], TEST_RUNNER="pytest")
_module("test.conftest", dynamic_scope=lambda: "session")
_module("test.cqlpy", __path__=[])
_module("test.cqlpy.conftest", host=host)
_module("test.pylib.driver_utils", safe_driver_shutdown=lambda *_: None)
_module("cassandra")
_module("cassandra.auth", PlainTextAuthProvider=lambda **_: None)
_module(
    "cassandra.cluster",
    Cluster=None,
    ConsistencyLevel=None,
    ExecutionProfile=None,
    EXEC_PROFILE_DEFAULT=None,
    NoHostAvailable=Exception,
)
_module("cassandra.policies", RoundRobinPolicy=None)
_module("test.cqlpy.util", config_value_context=None)
_module("test.pylib.connect_options", add_host_option=_add_host_option)

import test.alternator.util as util  # noqa: E402

util.is_aws = lambda _: True
util.get_region = lambda dynamodb: dynamodb.meta.client.meta.region_name
