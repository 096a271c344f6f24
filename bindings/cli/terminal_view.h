// The view for a terminal: the run as a tree that grows; what is in progress turns, counts and shows its elapsed time. Events come from the
// run's thread, time passes on a thread of the view's own, and the prompt holds the picture still: all are locked against each other.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bindings/api/playbook.h"
#include "bindings/cli/event_text.h"
#include "bindings/cli/live_rows.h"

namespace playbook::cli {

class TerminalView : public Observer {
 public:
  /// `ticking`: redraw as time passes; off in tests, which call `tick`.
  TerminalView(std::ostream& out, const Terminal& terminal, const Clock& clock, bool ticking);
  ~TerminalView() override;

  void on_event(const Event& event) override;
  void tick();
  /// Between these two the screen belongs to somebody else; events are kept for later.
  void pause();
  void proceed();
  /// Everything is written for good; time does not pass any more.
  void finish();

 private:
  struct Scope {
    std::string path, title;
    bool planned;  // nothing of it happens
    Utc began;
  };
  using Handler = void (TerminalView::*)(const Json&);
  static Handler handler_of(const std::string& kind);

  void run_started(const Json& data);
  void run_finished(const Json& data);
  void scope_entered(const Json& data);
  void scope_left(const Json& data);
  void action_started(const Json& data);
  void action_progress(const Json& data);
  void action_finished(const Json& data);
  void action_planned(const Json& data);
  void verdict(const Json& data);
  void undo_started(const Json& data);
  void undo_item(const Json& data);
  void close_undo_item(const Json& data);
  void question(const Json& data);
  void answered(const Json& data);
  void log_line(const Json& data);
  void other(const std::string& kind, const Json& data);

  int depth() const { return static_cast<int>(scopes_.size()) + base_depth_; }
  void note(Row::Mark mark, const std::string& text, Colour colour = Colour::none, int deeper = 0);
  void open(const Json& data, const std::string& text, Colour colour, bool quiet);
  void error_rows(const Json& data);

  std::mutex mutex_;
  std::condition_variable wake_;
  LiveRows rows_;
  std::vector<Scope> scopes_;
  std::map<std::string, std::string> questions_;
  EventText text_{EventText::Detail::brief};  // for what has no handler of its own
  std::string undo_item_;                     // key of the open one
  int base_depth_ = 0;
  bool plan_ = false;
  bool paused_ = false;
  bool ended_ = false;
  std::thread ticker_;
};

}  // namespace playbook::cli
