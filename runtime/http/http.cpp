#include "runtime/http/http.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "runtime/base/clock.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/http/curl.h"

namespace playbook {
namespace {

// The parts of a URL, read by libcurl itself so that both read it alike.
class Url {
 public:
  explicit Url(const std::string& text) : handle_(curl().url()) {
    valid_ = curl().url_set(handle_, CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK;
  }
  ~Url() { curl().url_cleanup(handle_); }
  Url(const Url&) = delete;
  Url& operator=(const Url&) = delete;

  bool valid() const { return valid_; }
  void drop(CURLUPart part) { curl().url_set(handle_, part, nullptr, 0); }
  std::string get(CURLUPart part, unsigned flags = 0) const {
    char* text = nullptr;
    if (curl().url_get(handle_, part, &text, flags) != CURLUE_OK) return "";
    std::string copy = text;
    curl().free(text);
    return copy;
  }

 private:
  CURLU* handle_;
  bool valid_ = false;
};

bool is_loopback(const std::string& host) {
  return host == "localhost" || host.ends_with(".localhost") || host == "[::1]" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
}

void check(const HttpRequest& request) {
  Url url(request.url);
  std::string scheme = url.get(CURLUPART_SCHEME);
  if (!url.valid() || (scheme != "http" && scheme != "https"))
    throw Error(Code::argument_invalid, "\"" + shown_url(request.url) + "\" is not a URL of http or https",
                "write it whole, such as http://127.0.0.1:8080/health");
  for (const auto& [name, value] : request.headers)
    if (name.empty() || name.find_first_of("\r\n: ") != std::string::npos ||
        value.find_first_of(std::string("\r\n\0", 3)) != std::string::npos)
      throw Error(Code::argument_invalid, "header \"" + name.substr(0, 40) + "\" has a name or a value that HTTP does not allow",
                  "look for a line break in it");
}

// One exchange. libcurl calls the static functions; what they get is this object.
class Transfer {
 public:
  Transfer(const HttpRequest& request, const CancelToken* cancel)
      : request_(request), cancel_(cancel), easy_(curl().easy_init()), multi_(curl().multi_init()) {
    if (!easy_ || !multi_) throw Error(Code::http_failed, "libcurl has no memory left");
  }
  ~Transfer() {
    curl().multi_remove_handle(multi_, easy_);
    curl().easy_cleanup(easy_);
    curl().multi_cleanup(multi_);
    curl().slist_free_all(headers_);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  HttpResponse perform();

 private:
  template <typename Value>
  void set(CURLoption option, Value value) {
    if (CURLcode code = curl().easy_setopt(easy_, option, value))
      throw Error(Code::http_failed, "libcurl refuses an option: " + std::string(curl().easy_strerror(code)));
  }
  void prepare();
  CURLcode drive();
  Error failure(CURLcode code) const;
  static size_t take_header(char* data, size_t, size_t count, void* self);
  static size_t take_body(char* data, size_t, size_t count, void* self);

  const HttpRequest& request_;
  const CancelToken* cancel_;
  CURL* easy_;
  CURLM* multi_;
  curl_slist* headers_ = nullptr;
  std::array<char, CURL_ERROR_SIZE> said_{};
  HttpResponse response_;
};

HttpResponse Transfer::perform() {
  prepare();
  auto started = std::chrono::steady_clock::now();
  CURLcode code = drive();
  bool cut = code == CURLE_WRITE_ERROR && response_.truncated;  // by `take_body`
  if (code != CURLE_OK && !cut) throw failure(code);
  long status = 0;
  curl().easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  response_.duration = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started);
  return std::move(response_);
}

void Transfer::prepare() {
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // a cancelled call does not wait for the resolver
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(request_.timeout.count(), 1)));
  set(CURLOPT_FOLLOWLOCATION, request_.follow > 0 ? 1L : 0L);
  set(CURLOPT_MAXREDIRS, static_cast<long>(request_.follow));
  set(CURLOPT_ACCEPT_ENCODING, "");
  set(CURLOPT_USERAGENT, "playbook");
  set(CURLOPT_ERRORBUFFER, said_.data());
  set(CURLOPT_HEADERFUNCTION, &Transfer::take_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &Transfer::take_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  if (is_loopback(Url(request_.url).get(CURLUPART_HOST))) set(CURLOPT_PROXY, "");
  if (!request_.body.empty()) {
    set(CURLOPT_POSTFIELDS, request_.body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  }
  if (request_.method == "HEAD") set(CURLOPT_NOBODY, 1L);
  if (request_.method != "GET" || !request_.body.empty()) set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  for (const auto& [name, value] : request_.headers) {
    std::string line = value.empty() ? name + ";" : name + ": " + value;  // the semicolon sends it empty
    curl_slist* longer = curl().slist_append(headers_, line.c_str());
    if (!longer) throw Error(Code::http_failed, "libcurl has no memory left");
    headers_ = longer;
  }
  set(CURLOPT_HTTPHEADER, headers_);
  curl().multi_add_handle(multi_, easy_);
}

CURLcode Transfer::drive() {
  for (int running = 1;;) {
    CURLMcode code = curl().multi_perform(multi_, &running);
    if (code == CURLM_OK && !running) break;
    curl_waitfd cancelled{cancel_ ? cancel_->fd() : -1, CURL_WAIT_POLLIN, 0};
    if (code == CURLM_OK) code = curl().multi_poll(multi_, &cancelled, cancel_ ? 1 : 0, 1000, nullptr);
    if (code != CURLM_OK) throw Error(Code::http_failed, "libcurl failed: " + std::string(curl().multi_strerror(code)));
    if (cancel_) cancel_->check();
  }
  int left = 0;
  const CURLMsg* message = curl().multi_info_read(multi_, &left);
  return message ? message->data.result : CURLE_FAILED_INIT;
}

size_t Transfer::take_header(char* data, size_t, size_t count, void* self) {
  HttpResponse& response = static_cast<Transfer*>(self)->response_;
  std::string_view line = trim({data, count});
  size_t colon = line.find(':');
  if (line.starts_with("HTTP/")) {  // of a redirection's target: what came before is not the answer
    response.headers.clear();
    response.body.clear();
  } else if (colon != std::string_view::npos) {
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    std::string& value = response.headers[name];
    value += (value.empty() ? "" : ", ") + std::string(trim(line.substr(colon + 1)));
  }
  return count;
}

size_t Transfer::take_body(char* data, size_t, size_t count, void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  std::string& body = transfer->response_.body;
  size_t room = transfer->request_.max_bytes - body.size();
  body.append(data, std::min(count, room));
  if (count <= room) return count;
  transfer->response_.truncated = true;
  return 0;
}

Error Transfer::failure(CURLcode code) const {
  std::string what = request_.method + " " + shown_url(request_.url) + ": ";
  std::string said = to_utf8(said_[0] ? said_.data() : curl().easy_strerror(code));
  auto fail = [&](const char* reason, const std::string& cause, const std::string& hint = "") {
    return Error(Code::http_failed, what + cause, hint, {{"url", shown_url(request_.url)}, {"reason", reason}});
  };
  long error = 0;
  curl().easy_getinfo(easy_, CURLINFO_OS_ERRNO, &error);
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return Error(Code::timeout, what + "no answer within " + humane(request_.timeout), "",
                   {{"url", shown_url(request_.url)}, {"reason", "timeout"}});
    case CURLE_COULDNT_RESOLVE_HOST:
      return fail("dns", "the name " + Url(request_.url).get(CURLUPART_HOST) + " is not known",
                  "check the name, and the resolver of this machine");
    case CURLE_COULDNT_RESOLVE_PROXY:
      return fail("dns", "the name of the proxy is not known", "look at http_proxy and https_proxy in the environment");
    case CURLE_COULDNT_CONNECT:
      if (error == ECONNREFUSED) return fail("refused", "connection refused, nothing listens there");
      return fail("refused", "no connection: " + (error ? std::generic_category().message(static_cast<int>(error)) : said));
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
      return fail("tls", "TLS failed: " + said);
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
      return fail("broken", "the connection ended before the answer was whole");
    case CURLE_TOO_MANY_REDIRECTS:
      return fail("redirects", "more than " + std::to_string(request_.follow) + " redirections");
    default:
      return fail("other", said);
  }
}

class CurlClient final : public HttpClient {
 public:
  HttpResponse send(const HttpRequest& request, const CancelToken* cancel) override {
    check(request);
    if (cancel) cancel->check();
    return Transfer(request, cancel).perform();
  }
};

}  // namespace

std::unique_ptr<HttpClient> make_http_client() {
  curl();
  return std::make_unique<CurlClient>();
}

std::string shown_url(const std::string& text) {
  Url url(text);
  if (!url.valid()) return to_utf8(text);
  bool has_user = !url.get(CURLUPART_USER).empty() || !url.get(CURLUPART_PASSWORD).empty();
  if (!has_user) return text;
  url.drop(CURLUPART_USER);
  url.drop(CURLUPART_PASSWORD);
  return url.get(CURLUPART_URL);
}

}  // namespace playbook
