#include "tests/playbooks/appstrate/stand_in/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>
#include <system_error>

namespace stand_in {
namespace {

void demand(bool ok, const char* what) {
  if (!ok) throw std::system_error(errno, std::generic_category(), what);
}

Request read_request(int connection) {
  std::string text;
  char buffer[4096];
  size_t end = std::string::npos, length = 0;
  while (end == std::string::npos || text.size() < end + 4 + length) {
    ssize_t got = recv(connection, buffer, sizeof buffer, 0);
    if (got <= 0) break;
    text.append(buffer, static_cast<size_t>(got));
    end = text.find("\r\n\r\n");
    size_t at = text.find("Content-Length: ");
    if (at < end) length = std::stoul(text.substr(at + 16));
  }
  Request request;
  std::istringstream(text) >> request.method >> request.path;
  if (end != std::string::npos) request.body = text.substr(end + 4);
  return request;
}

void send_all(int connection, std::string_view text) {
  while (!text.empty()) {
    ssize_t sent = send(connection, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    text.remove_prefix(static_cast<size_t>(sent));
  }
}

}  // namespace

Server::Server(int port, Handler handler) : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), handler_(std::move(handler)) {
  demand(listener_ >= 0, "socket");
  int yes = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  demand(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "bind");
  demand(listen(listener_, 64) == 0, "listen");
  thread_ = std::thread([this] { serve(); });
}

Server::~Server() {
  shutdown(listener_, SHUT_RDWR);  // accept returns
  thread_.join();
  close(listener_);
}

void Server::serve() {
  for (;;) {
    int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    timeval patience{5, 0};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    Request request = read_request(connection);
    if (!request.method.empty()) {
      Response response = handler_(request);
      send_all(connection, "HTTP/1.1 " + std::to_string(response.status) + " -\r\nContent-Type: application/json\r\nConnection: close\r\n" +
                               response.headers + "Content-Length: " + std::to_string(response.body.size()) + "\r\n\r\n" + response.body);
    }
    close(connection);
  }
}

}  // namespace stand_in
