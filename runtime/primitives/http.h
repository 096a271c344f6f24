// What http.get and http.wait share: the request that the arguments mean, and the answer as the journal keeps it.
#pragma once

#include <string>
#include <vector>

#include "runtime/engine/context.h"
#include "runtime/engine/primitive.h"
#include "runtime/http/http.h"

namespace playbook {

/// headers, timeout, follow.
std::vector<Parameter> request_parameters(double default_timeout);

/// Header values may be secrets; then no redirection is followed, which could carry them elsewhere.
HttpRequest request_from(const Context& context, const Json& args);

/// {status, headers, body, truncated}: the first 64 KiB of the body as UTF-8, secrets masked; cookies stay out of the journal.
Json recorded(const Context& context, const HttpResponse& response);

/// The body as JSON; throws json.invalid, http.failed where it was too long.
Json json_body(const HttpRequest& request, const HttpResponse& response);

/// What in `found` is not as `wanted`, which may leave out what does not matter: `status is "down", expected "ok"`; "" when all is.
std::string json_difference(const Json& wanted, const Json& found, const std::string& path = "");

/// `http:http://127.0.0.1:8080/health`, without the query.
std::string http_thing(const Json& args);

}  // namespace playbook
