#include "tests/support/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>

namespace playbook::testing {
namespace {

Descriptor bound_socket(int& port) {
  Descriptor listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener.get(), generic, size) < 0 || getsockname(listener.get(), generic, &size) < 0)
    throw std::system_error(errno, std::generic_category(), "bind");
  port = ntohs(address.sin_port);
  return listener;
}

// Up to the empty line, and the body that Content-Length announces; of a TLS client, its first words.
std::string read_request(int connection) {
  std::string request;
  for (;;) {
    size_t end = request.find("\r\n\r\n");
    if (end != std::string::npos) {
      size_t at = request.find("Content-Length: ");
      size_t length = at < end ? std::stoul(request.substr(at + 16)) : 0;
      if (request.size() >= end + 4 + length) return request;
    }
    char buffer[4096];
    ssize_t got = recv(connection, buffer, sizeof buffer, 0);
    if (got <= 0) return request;
    request.append(buffer, static_cast<size_t>(got));
    if (request[0] == '\x16') return request;
  }
}

void send_all(int connection, std::string_view answer) {
  while (!answer.empty()) {
    ssize_t sent = send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the client has heard enough
    answer.remove_prefix(static_cast<size_t>(sent));
  }
}

}  // namespace

HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)), listener_(bound_socket(port_)) {
  if (listen(listener_.get(), 16) < 0) throw std::system_error(errno, std::generic_category(), "listen");
  thread_ = std::thread([this] { serve(); });
}

HttpServer::~HttpServer() {
  shutdown(listener_.get(), SHUT_RDWR);  // accept returns
  thread_.join();
}

void HttpServer::serve() {
  for (;;) {
    Descriptor connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) return;
    std::string request = read_request(connection.get());
    if (!request.empty()) send_all(connection.get(), handler_(request));
    shutdown(connection.get(), SHUT_WR);
  }
}

std::string http_answer(int status, const std::string& body, const std::string& headers) {
  return "HTTP/1.1 " + std::to_string(status) + " Told\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n" +
         headers + "\r\n" + body;
}

int closed_port() {
  int port = 0;
  bound_socket(port);
  return port;
}

}  // namespace playbook::testing
