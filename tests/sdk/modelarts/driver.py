"""Runs in `.venv-sdk`: drives the official ModelArts and IAM clients, one JSON order a line in, one answer a line out.

Imports nothing of this project, but for the order `sign`, which loads our signing.py by its path.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import sys
from typing import Any

from huaweicloudsdkcore.auth.credentials import BasicCredentials, GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import SdkException, ServiceResponseException
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from huaweicloudsdkiam import v3 as iam
from huaweicloudsdkmodelarts import v1 as ma


def client(order: dict[str, Any]) -> Any:
    credentials = BasicCredentials(order["ak"], order["sk"], order.get("project_id"))
    if order.get("security_token"):
        credentials = credentials.with_security_token(order["security_token"])
    builder = ma.ModelArtsClient.new_builder()
    if order.get("region"):
        credentials = credentials.with_iam_endpoint(order["endpoint"])
        builder = builder.with_region(Region(order["region"], order["endpoint"]))
    else:
        builder = builder.with_endpoint(order["endpoint"])
    return builder.with_credentials(credentials).build()


def iam_client(order: dict[str, Any]) -> Any:
    credentials = GlobalCredentials(order["ak"], order["sk"], "d-demo")
    return iam.IamClient.new_builder().with_credentials(credentials).with_endpoint(order["endpoint"]).build()


def search(api: Any, **body: Any) -> Any:
    filters = [ma.Filter(**entry) for entry in body.pop("filters", [])]
    return api.list_training_jobs(ma.ListTrainingJobsRequest(ma.JobSearches(**body, filters=filters or None)))


def batch_delete(api: Any, ids: list[str]) -> Any:
    items = [ma.BatchDeleteJobItem("job", ma.BatchDeleteJobMetadata(one)) for one in ids]
    return api.batch_delete_training_job(ma.BatchDeleteTrainingJobRequest(ma.BatchDeleteJobsReq(items)))


def with_token(api: Any, token: str, job_id: str) -> Any:
    request = ma.ShowTrainingJobDetailsRequest(job_id)
    return api.show_training_job_details_invoker(request).add_header("X-Auth-Token", token).invoke()


def edit(api: Any, job_id: str, text: str) -> Any:
    request = ma.ChangeTrainingJobDescriptionRequest(job_id, ma.JobUpdateRequestBody(text))
    return api.change_training_job_description(request)


OPERATIONS: dict[str, Any] = {
    "list": search,
    "show": lambda api, job_id: api.show_training_job_details(ma.ShowTrainingJobDetailsRequest(job_id)),
    "stop": lambda api, job_id, action="terminate": api.stop_training_job(
        ma.StopTrainingJobRequest(job_id, ma.JobActionType(action))
    ),
    "delete": lambda api, job_id: api.delete_training_job(ma.DeleteTrainingJobRequest(job_id)),
    "batch_delete": batch_delete,
    "edit": edit,
    "tasks": lambda api, job_id: api.list_training_job_tasks(ma.ListTrainingJobTasksRequest(job_id)),
    "stages": lambda api, job_id: api.list_training_job_stages(ma.ListTrainingJobStagesRequest(job_id)),
    "events": lambda api, job_id: api.list_training_job_events(ma.ListTrainingJobEventsRequest(job_id)),
    "training_flavors": lambda api, **q: api.show_training_job_flavors(ma.ShowTrainingJobFlavorsRequest(**q)),
    "resource_flavors": lambda api, **q: api.list_resource_flavors(ma.ListResourceFlavorsRequest(**q)),
    "quotas": lambda api: api.show_training_quotas(ma.ShowTrainingQuotasRequest(resource="job-num")),
    "workspaces": lambda api: api.list_workspace(ma.ListWorkspaceRequest()),
    "with_token": with_token,
}


def token(order: dict[str, Any], user: str, password: str, domain: str, project: str) -> Any:
    named = iam.PwdPasswordUser(name=user, password=password, domain=iam.PwdPasswordUserDomain(name=domain))
    identity = iam.PwdIdentity(methods=["password"], password=iam.PwdPassword(user=named))
    scope = iam.AuthScope(project=iam.AuthScopeProject(id=project))
    body = iam.KeystoneCreateUserTokenByPasswordRequestBody(auth=iam.PwdAuth(identity=identity, scope=scope))
    request = iam.KeystoneCreateUserTokenByPasswordRequest(nocatalog="true", body=body)
    return iam_client(order).keystone_create_user_token_by_password(request)


def projects(order: dict[str, Any], name: str) -> Any:
    return iam_client(order).keystone_list_projects(iam.KeystoneListProjectsRequest(name=name))


def sign(cases: list[dict[str, Any]], ours: str) -> list[dict[str, Any]]:
    """For each case what the official signer sends and what ours does."""
    spec = importlib.util.spec_from_file_location("signing", ours)
    assert spec is not None
    assert spec.loader is not None
    signing: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(signing)
    return [{"official": official(case), "ours": own(signing, case)} for case in cases]


class Keys:
    def __init__(self, ak: str, sk: str) -> None:
        self.ak, self.sk = ak, sk


def official(case: dict[str, Any]) -> list[str]:
    headers = {**case["headers"], "X-Sdk-Date": case["date"]}
    query = [tuple(pair) for pair in case["query"]]
    body = base64.b64decode(case["body"])
    request = SdkRequest(
        method=case["method"],
        schema="https",
        host=case["host"],
        resource_path=case["path"],
        query_params=query,
        header_params=headers,
        body=body,
    )
    signed = Signer(Keys(case["ak"], case["sk"])).sign(request)
    return [signed.header_params["Authorization"], signed.uri.partition("?")[2]]


def own(signing: Any, case: dict[str, Any]) -> list[str]:
    query = [tuple(pair) for pair in case["query"]]
    headers = signing.sign(
        case["ak"],
        case["sk"],
        method=case["method"],
        host=case["host"],
        path=case["path"],
        date=case["date"],
        query=query,
        headers=case["headers"],
        body=base64.b64decode(case["body"]),
    )
    return [headers["Authorization"], signing.query_string(query)]


def run(order: dict[str, Any]) -> Any:
    op, args = order["op"], order.get("args", {})
    if op == "sign":
        return sign(args["cases"], args["ours"])
    if op in ("token", "projects"):
        answer = (token if op == "token" else projects)(order, **args)
    else:
        answer = OPERATIONS[op](client(order), **args)
    return {"status": answer.status_code, "value": answer.to_dict(), "raw": answer.raw_content.decode()}


def main() -> None:
    for line in sys.stdin:
        try:
            answer = {"ok": True, "value": run(json.loads(line))}
        except ServiceResponseException as refused:
            names = ("status_code", "error_code", "error_msg", "request_id")
            answer = {"ok": False, **{name: getattr(refused, name) for name in names}}
        except SdkException as failed:
            answer = {"ok": False, "failed": type(failed).__name__, "error_msg": str(failed)}
        except Exception as crash:
            answer = {"ok": False, "crash": f"{type(crash).__name__}: {crash}"}
        sys.stdout.write(json.dumps(answer, default=str) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
