// The HTTP client, http.get and http.wait against a real server.
#include "runtime/http/http.h"

#include <atomic>
#include <cstdlib>
#include <thread>

#include "runtime/process/children.h"
#include "tests/support/catch.h"
#include "tests/support/http_server.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace std::chrono_literals;
using playbook::testing::closed_port;
using playbook::testing::error_of;
using playbook::testing::http_answer;
using playbook::testing::HttpServer;
using playbook::testing::PrimitiveFixture;
using playbook::testing::StartsWith;

namespace {

HttpResponse get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  return make_http_client()->send(request);
}

std::string path_of(const std::string& request) { return request.substr(0, request.find(" HTTP/")); }

}  // namespace

TEST_CASE("an answer comes whole: status, headers, body") {
  HttpServer server([](const std::string&) { return http_answer(418, "tea\n", "X-Kind: green\r\nX-Kind: black\r\n"); });
  HttpResponse response = get(server.url());
  CHECK(response.status == 418);
  CHECK(response.body == "tea\n");
  CHECK(response.headers.at("x-kind") == "green, black");
  CHECK_FALSE(response.truncated);
}

TEST_CASE("a request carries its method, headers and body") {
  std::string seen;
  HttpServer server([&](const std::string& request) { return seen = request, http_answer(200, ""); });
  HttpRequest request{.method = "PUT", .url = server.url("/a?b=c"), .headers = {{"X-Key", "v w"}, {"X-Empty", ""}}, .body = "given"};
  CHECK(make_http_client()->send(request).status == 200);
  CHECK_THAT(seen, StartsWith("PUT /a?b=c HTTP/1.1\r\n"));
  CHECK(seen.find("\r\nX-Key: v w\r\n") != std::string::npos);
  CHECK(seen.find("\r\nX-Empty:\r\n") != std::string::npos);
  CHECK(seen.substr(seen.size() - 9) == "\r\n\r\ngiven");
}

TEST_CASE("redirections are followed up to the limit, or are the answer") {
  HttpServer server([](const std::string& request) {
    std::string path = path_of(request);
    if (path == "GET /end") return http_answer(200, "there");
    return http_answer(302, "moved", path == "GET /loop" ? "Location: /loop\r\n" : "Location: /end\r\n");
  });
  CHECK(get(server.url("/start")).body == "there");
  HttpRequest request{.url = server.url("/start"), .follow = 0};
  CHECK(make_http_client()->send(request).status == 302);
  CHECK(error_of([&] { get(server.url("/loop")); }).message() == "GET " + server.url("/loop") + ": more than 5 redirections");
}

TEST_CASE("a body beyond the limit is cut and says so") {
  HttpServer server([](const std::string&) { return http_answer(200, std::string(300'000, 'x')); });
  HttpRequest request{.url = server.url(), .max_bytes = 1000};
  HttpResponse response = make_http_client()->send(request);
  CHECK(response.status == 200);
  CHECK(response.body.size() == 1000);
  CHECK(response.truncated);
}

TEST_CASE("a failure says its cause") {
  HttpServer server([](const std::string& request) {
    if (request[0] == '\x16') return http_answer(400, "this is no TLS");
    if (path_of(request) == "GET /short") return std::string("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfour");
    return std::string();
  });
  std::string nowhere = "http://127.0.0.1:" + std::to_string(closed_port()) + "/", tls = "https" + server.url().substr(4);
  struct Case {
    std::string url, reason, message;
  };
  const std::vector<Case> cases{
      {nowhere, "refused", "GET " + nowhere + ": connection refused, nothing listens there"},
      {"http://no-such-host.invalid/", "dns", "GET http://no-such-host.invalid/: the name no-such-host.invalid is not known"},
      {server.url("/nothing"), "broken", "GET " + server.url("/nothing") + ": the connection ended before the answer was whole"},
      {server.url("/short"), "broken", "GET " + server.url("/short") + ": the connection ended before the answer was whole"},
  };
  for (const Case& expected : cases) {
    Error error = error_of([&] { get(expected.url); });
    CHECK(error.code() == Code::http_failed);
    CHECK(error.message() == expected.message);
    CHECK(error.details() == Json{{"url", expected.url}, {"reason", expected.reason}});
  }
  Error error = error_of([&] { get(tls); });
  CHECK_THAT(error.message(), StartsWith("GET " + tls + ": TLS failed: "));
  CHECK(error.details()["reason"] == "tls");
}

TEST_CASE("what is no request is refused, without showing a password") {
  for (const char* url : {"ftp://h/", "file:///etc/passwd", "nonsense", ""})
    CHECK(error_of([&] { get(url); }).message() == "\"" + std::string(url) + "\" is not a URL of http or https");
  HttpRequest request{.url = "http://127.0.0.1/", .headers = {{"X-Key", "secret\r\nInjected: yes"}}};
  CHECK(error_of([&] { make_http_client()->send(request); }).message() ==
        "header \"X-Key\" has a name or a value that HTTP does not allow");
  CHECK(shown_url("http://user:hunter2@host:1/path?q=1") == "http://host:1/path?q=1");
  std::string port = std::to_string(closed_port());
  CHECK(error_of([&] { get("http://user:hunter2@127.0.0.1:" + port + "/"); }).to_json().dump().find("hunter2") == std::string::npos);
}

TEST_CASE("a silent server runs into the timeout, and a cancelled call ends at once") {
  std::atomic<bool> over{false};
  CancelToken asked;
  HttpServer server([&](const std::string&) {
    asked.request();
    while (!over) std::this_thread::yield();
    return std::string();
  });
  HttpRequest request{.url = server.url(), .timeout = 100ms};
  Error error = error_of([&] { make_http_client()->send(request); });
  CHECK(error.code() == Code::timeout);
  CHECK(error.message() == "GET " + server.url() + ": no answer within 100ms");
  request.timeout = 60s;
  CancelToken cancel;
  std::thread canceller([&] { asked.wait(60s), cancel.request(); });
  CHECK(error_of([&] { make_http_client()->send(request, &cancel); }).code() == Code::cancelled);
  canceller.join();
  over = true;
}

TEST_CASE("no proxy of the environment stands between us and this machine") {
  HttpServer server([](const std::string&) { return http_answer(200, "direct"); });
  setenv("http_proxy", ("http://127.0.0.1:" + std::to_string(closed_port())).c_str(), 1);
  CHECK(get(server.url()).body == "direct");
  CHECK(error_of([&] { get("http://example.invalid/"); }).message() ==
        "GET http://example.invalid/: connection refused, nothing listens there");
  unsetenv("http_proxy");
}

TEST_CASE("eight threads ask at once") {
  HttpServer server([](const std::string&) { return http_answer(200, "ok"); });
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { right += get(server.url()).body == "ok"; });
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 8);
}

TEST_CASE_METHOD(PrimitiveFixture, "http.get gives the answer as the journal keeps it") {
  instance_folder.write("token", "hunter2-and-more");
  HttpServer server([](const std::string& request) {
    size_t at = request.find("X-Token: ") + 9;
    return http_answer(200, "you said " + request.substr(at, 16) + "\xff", "Set-Cookie: session=1\r\nX-A: b\r\n");
  });
  Json secret = secret_from_file((instance / "token").string());
  Json result = call("http.get", {{"url", server.url()}, {"headers", {{"X-Token", secret}}}});
  CHECK(result == Json{{"status", 200},
                       {"headers", {{"connection", "close"}, {"content-length", "26"}, {"x-a", "b"}}},
                       {"body", "you said «" + secret_label(secret) + "»\xEF\xBF\xBD"},
                       {"truncated", false}});
}

TEST_CASE_METHOD(PrimitiveFixture, "a request with a secret header follows no redirection") {
  HttpServer server([](const std::string&) { return http_answer(302, "", "Location: http://elsewhere.invalid/\r\n"); });
  instance_folder.write("token", "hunter2-and-more");
  Json args{{"url", server.url()}, {"headers", {{"X-Token", secret_from_file((instance / "token").string())}}}};
  CHECK(call("http.get", args)["status"] == 302);
}

TEST_CASE_METHOD(PrimitiveFixture, "http.get keeps 64 KiB, and reads JSON when asked to") {
  HttpServer server([](const std::string& request) {
    if (path_of(request) == "GET /long") return http_answer(200, std::string(65535, 'x') + "\xC3\xA4 and more");
    if (path_of(request) == "GET /huge") return http_answer(200, "\"" + std::string(2 << 20, 'x') + "\"");
    return http_answer(200, path_of(request) == "GET /json" ? R"({"version":"1.1"})" : "<html>");
  });
  Json result = call("http.get", {{"url", server.url("/long")}});
  CHECK(result["body"] == std::string(65535, 'x'));
  CHECK(result["truncated"] == true);
  CHECK(call("http.get", {{"url", server.url("/json")}, {"json", true}})["json"]["version"] == "1.1");
  CHECK(error_of([&] { call("http.get", {{"url", server.url("/html")}, {"json", true}}); }).code() == Code::json_invalid);
  CHECK(error_of([&] {
          call("http.get", {{"url", server.url("/huge")}, {"json", true}});
        }).message() == "GET " + server.url("/huge") + ": the answer is longer than 1.0 MiB");
}

TEST_CASE_METHOD(PrimitiveFixture, "http.wait asks until the answer fits") {
  int asked = 0;
  HttpServer server([&](const std::string&) {
    switch (++asked) {
      case 1:
        return std::string();
      case 2:
        return http_answer(503, "starting");
      case 3:
        return http_answer(200, "not JSON");
      case 4:
        return http_answer(200, R"({"status":"ok","version":"1.0","nodes":[{"up":true}]})");
      default:
        return http_answer(200, R"({"status":"ok","version":"1.1","nodes":[{"up":true,"name":"a"}],"more":1})");
    }
  });
  Json args{{"url", server.url()}, {"json", {{"version", "1.1"}, {"nodes", {{{"up", true}}}}}}, {"every", 0.001}};
  Json result = call("http.wait", args);
  CHECK(result["attempts"] == 5);
  CHECK(result["status"] == 200);
  CHECK(result["json"]["more"] == 1);
}

TEST_CASE_METHOD(PrimitiveFixture, "http.wait says what it saw last") {
  HttpServer server([](const std::string& request) {
    if (path_of(request) == "GET /503") return http_answer(503, "starting\nmore");
    return http_answer(200, R"({"version":"1.0","db":{"ready":false}})");
  });
  std::string nowhere = "http://127.0.0.1:" + std::to_string(closed_port()) + "/";
  struct Case {
    std::string url;
    Json json;
    std::string last;
  };
  const std::vector<Case> cases{
      {nowhere, nullptr, "GET " + nowhere + ": connection refused, nothing listens there"},
      {server.url("/503"), nullptr, "status 503, starting"},
      {server.url(), {{"version", "1.1"}}, "status 200, version is \"1.0\", expected \"1.1\""},
      {server.url(), {{"db", {{"ready", true}}}}, "status 200, db.ready is false, expected true"},
      {server.url(), {{"schema", 3}}, "status 200, schema is missing"},
  };
  for (const Case& expected : cases) {
    Json args{{"url", expected.url}, {"deadline", 0.05}, {"every", 0.01}};
    if (!expected.json.is_null()) args["json"] = expected.json;
    Error error = error_of([&] { call("http.wait", args); });
    CHECK(error.code() == Code::timeout);
    CHECK(error.message() == expected.url + " did not answer as expected within 50ms; last: " + expected.last);
  }
}

TEST_CASE_METHOD(PrimitiveFixture, "http.wait waits for a text, where the status alone would lie") {
  int asked = 0;
  HttpServer server([&](const std::string&) { return http_answer(200, ++asked < 3 ? "Degraded" : "Healthy\n"); });
  CHECK(call("http.wait", {{"url", server.url()}, {"body", "Healthy"}, {"every", 0.001}})["attempts"] == 3);
  Error error = error_of([&] { call("http.wait", {{"url", server.url()}, {"body", "Fine"}, {"deadline", 0.05}, {"every", 0.01}}); });
  CHECK(error.message() == server.url() + " did not answer as expected within 50ms; last: status 200, \"Healthy\" and not \"Fine\"");
}

TEST_CASE_METHOD(PrimitiveFixture, "http.wait gives up on what will not get better, and when cancelled") {
  HttpServer server([](const std::string&) { return http_answer(500, "migration 7 failed\n"); });
  Error error = error_of([&] { call("http.wait", {{"url", server.url()}, {"give_up_on", {500}}}); });
  CHECK(error.code() == Code::http_failed);
  CHECK(error.message() == server.url() + " answers status 500, which ends the waiting: migration 7 failed");
  cancel.request();
  CHECK(error_of([&] { call("http.wait", {{"url", server.url()}}); }).code() == Code::cancelled);
}

TEST_CASE_METHOD(PrimitiveFixture, "http.wait ends where what should answer has ended") {
  auto children = make_children({PLAYBOOK_BINARY_DIR "/playbook-guardian", -1});
  environment.children = children.get();
  const std::string nowhere = "http://127.0.0.1:" + std::to_string(closed_port()) + "/";
  replace_file(instance / "runs", "");
  const Json args{{"url", nowhere}, {"every", 0.001}, {"runs", {"sh", "-c", "test -e runs && rm runs"}}};
  Error error = error_of([&] { call("http.wait", args); });
  CHECK(error.code() == Code::http_failed);
  CHECK(error.message() == "what should answer at " + nowhere + " does not run any more, says sh -c 'test -e runs && rm runs'; last: GET " +
                               nowhere + ": connection refused, nothing listens there");
}

TEST_CASE_METHOD(PrimitiveFixture, "a plan assumes that what is waited for comes") {
  Planned planned = plan("http.wait", {{"url", "http://127.0.0.1:1/health"}, {"json", {{"version", "2.0"}}}});
  CHECK(planned.text == "wait until http://127.0.0.1:1/health answers");
  CHECK(planned.predicted);
  CHECK(planned.result["json"]["version"] == "2.0");
  CHECK_FALSE(plan("http.get", {{"url", "http://127.0.0.1:1/"}}).predicted);
}
