// HTTP questions to an application, over libcurl, which is loaded when the first one is asked. Safe from any thread; a call blocks its
// thread.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "runtime/base/cancel.h"

namespace playbook {

struct HttpRequest {
  std::string method = "GET";
  std::string url;  ///< http or https
  std::map<std::string, std::string> headers{};
  std::string body{};
  std::chrono::milliseconds timeout{30'000};  ///< for all of it
  int follow = 5;                             ///< redirections at most; 0: a redirection is the answer
  size_t max_bytes = 1 << 20;                 ///< of the answer's body; what is longer is cut
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case, repeated ones joined by ", "
  std::string body;                            ///< decompressed bytes
  bool truncated = false;                      ///< there was more than `max_bytes`
  std::chrono::milliseconds duration{0};
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  /// Any status is an answer. Throws http.failed with details.reason (refused, dns, tls, broken, redirects, other), timeout, cancelled,
  /// argument.invalid. Proxies are taken from the environment, never for this machine itself.
  virtual HttpResponse send(const HttpRequest& request, const CancelToken* cancel = nullptr) = 0;
};

/// Throws http.failed when libcurl is not installed.
std::unique_ptr<HttpClient> make_http_client();

/// Without user and password, for people. The text itself where it is no URL.
std::string shown_url(const std::string& url);

}  // namespace playbook
