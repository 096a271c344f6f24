#include "runtime/engine/prober.h"

#include "runtime/base/error.h"
#include "runtime/http/http.h"

namespace playbook {
namespace {

constexpr std::chrono::milliseconds kPause{100};
constexpr std::chrono::seconds kMoment{2};
constexpr std::chrono::seconds kLongest{5};  // a request that takes as long is refused

}  // namespace

Prober::Prober(std::string url) : url_(std::move(url)) {
  thread_ = std::thread([this] { work(); });
}

Prober::~Prober() {
  stop_.request();
  thread_.join();
}

void Prober::work() try {
  const auto client = make_http_client();
  HttpRequest request;
  request.url = url_;
  request.timeout = kLongest;
  request.follow = 0;
  do {
    const Instant sent = std::chrono::steady_clock::now();
    bool is_good = false;
    try {
      is_good = client->send(request, &stop_).status < 500;
    } catch (const Error& error) {
      if (error.code() != Code::http_failed && error.code() != Code::timeout) throw;
    }
    const std::lock_guard lock(mutex_);
    if (!is_good) {
      if (!first_refused_) first_refused_ = sent;
      good_again_.reset();
    } else if (first_refused_ && !good_again_) {
      good_again_ = std::chrono::steady_clock::now();
      answered_.notify_all();
    }
  } while (stop_.wait(kPause));
} catch (const Error&) {  // stopped, or no libcurl: then it is not known
}

std::optional<std::int64_t> Prober::refused_ms() {
  std::unique_lock lock(mutex_);
  if (!first_refused_ || !answered_.wait_for(lock, kMoment, [this] { return good_again_.has_value(); })) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::milliseconds>(*good_again_ - *first_refused_).count();
}

}  // namespace playbook
