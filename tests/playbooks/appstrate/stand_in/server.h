// A small HTTP server in a thread of its own: one request at a time, each answered and closed.
#pragma once

#include <functional>
#include <string>
#include <thread>

namespace stand_in {

struct Request {
  std::string method, path, body;
};

struct Response {
  int status = 200;
  std::string body;
  std::string headers{};  ///< whole lines that end with CRLF
};

class Server {
 public:
  using Handler = std::function<Response(const Request&)>;

  /// On all addresses. Throws std::system_error.
  Server(int port, Handler handler);
  ~Server();  ///< after the answer that is under way
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

 private:
  void serve();

  int listener_;
  Handler handler_;
  std::thread thread_;
};

}  // namespace stand_in
