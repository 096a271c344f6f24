// A small HTTP server in the test itself, on a port of 127.0.0.1 that the kernel chooses: real sockets, and answers as odd as a test needs.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "runtime/base/file.h"

namespace playbook::testing {

class HttpServer {
 public:
  /// Gets the whole request as text, gives the whole answer as it goes over the wire; "" closes the connection. One connection at a time.
  using Handler = std::function<std::string(const std::string& request)>;

  explicit HttpServer(Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string url(const std::string& path = "/") const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
  int port() const { return port_; }

 private:
  void serve();

  Handler handler_;
  int port_ = 0;
  Descriptor listener_;
  std::thread thread_;
};

/// `headers` are whole lines that end with CRLF.
std::string http_answer(int status, const std::string& body, const std::string& headers = "");

/// A port of 127.0.0.1 where nothing listens.
int closed_port();

}  // namespace playbook::testing
