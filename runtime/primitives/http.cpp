#include "runtime/primitives/http.h"

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/primitives/duration.h"

namespace playbook {
namespace {

constexpr size_t kKept = 64 * 1024;

std::string kept_body(const Context& context, const std::string& body) {
  std::string text = to_utf8(context.redactor().apply(std::string_view(body).substr(0, 2 * kKept)));  // masked before it is cut
  if (text.size() <= kKept) return text;
  size_t end = kKept;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

std::vector<Parameter> request_parameters(double default_timeout) {
  return {{"headers", Type::map, "by name; values are strings or secret references", false, nullptr},
          {"timeout", Type::duration, "for one answer", false, default_timeout},
          {"follow", Type::integer, "redirections at most; none where a header is a secret", false, 5}};
}

HttpRequest request_from(const Context& context, const Json& args) {
  HttpRequest request;
  request.url = args.at("url");
  request.timeout = duration_of(args, "timeout");
  request.follow = static_cast<int>(std::clamp<std::int64_t>(args.at("follow").get<std::int64_t>(), 0, 50));
  for (const Json headers = get_or<Json>(args, "headers", Json::object()); const auto& [name, value] : headers.items()) {
    if (!value.is_string() && !is_secret(value))
      throw Error(Code::argument_invalid, "headers[\"" + name + "\"] must be a string or a secret reference", "write numbers as strings");
    if (is_secret(value)) request.follow = 0;
    request.headers[name] = context.open_secret(value);
  }
  return request;
}

Json recorded(const Context& context, const HttpResponse& response) {
  Json headers = Json::object();
  for (const auto& [name, value] : response.headers)
    if (name != "set-cookie") headers[to_utf8(name)] = to_utf8(context.redactor().apply(value));
  std::string body = kept_body(context, response.body);
  return {
      {"status", response.status}, {"headers", headers}, {"body", body}, {"truncated", response.truncated || response.body.size() > kKept}};
}

Json json_body(const HttpRequest& request, const HttpResponse& response) {
  if (response.truncated)
    throw Error(Code::http_failed,
                request.method + " " + shown_url(request.url) + ": the answer is longer than " + humane_bytes(request.max_bytes));
  return parse_json(response.body, "the answer of " + shown_url(request.url));
}

std::string http_thing(const Json& args) {
  std::string url = args.at("url");
  return "http:" + url.substr(0, url.find_first_of("?#"));
}

std::string json_difference(const Json& wanted, const Json& found, const std::string& path) {
  if (wanted.is_object() && found.is_object()) {
    for (const auto& [key, value] : wanted.items()) {
      std::string inner = path.empty() ? key : path + "." + key;
      if (!found.contains(key)) return inner + " is missing";
      if (std::string text = json_difference(value, found[key], inner); !text.empty()) return text;
    }
    return "";
  }
  if (wanted.is_array() && found.is_array() && wanted.size() == found.size()) {
    for (size_t i = 0; i < wanted.size(); ++i)
      if (std::string text = json_difference(wanted[i], found[i], path + "[" + std::to_string(i + 1) + "]"); !text.empty()) return text;
    return "";
  }
  if (wanted == found) return "";
  return (path.empty() ? "the answer" : path) + " is " + canonical(found).substr(0, 200) + ", expected " + canonical(wanted).substr(0, 200);
}

}  // namespace playbook
