#include "runtime/engine/event_stream.h"

#include <fcntl.h>
#include <unistd.h>

#include <exception>

namespace playbook {

void EventStream::begin(const std::string& run, const std::filesystem::path& file) {
  run_ = run;
  // Not synced: the journal is what a run goes on from, this is what people look at.
  if (!file.empty()) file_.reset(::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
}

void EventStream::emit(const std::string& kind, Json data) {
  data["time"] = to_iso(clock_.utc());
  data["run"] = run_;
  data["event"] = kind;
  Event event{kind, redactor_.apply(data)};
  if (file_) {
    std::string line = canonical(event.data) + "\n";
    if (::write(file_.get(), line.data(), line.size()) < 0) file_.reset();  // a full disk: the run goes on without the copy
  }
  try {
    observer_.on_event(event);
  } catch (const std::exception&) {
    // An observer looks on; it has no say in the run.
  }
}

std::optional<std::string> EventStream::ask(const Question& question) {
  emit("question", {{"id", question.id}, {"text", question.text}, {"choices", question.choices}, {"details", question.details}});
  std::optional<std::string> answer = observer_.answer(question);
  if (answer) emit("answer", {{"id", question.id}, {"answer", *answer}, {"by", "operator"}});
  return answer;
}

}  // namespace playbook
