#include "runtime/pin/version_path.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/base/version.h"

namespace playbook {
namespace {

struct Node {
  Version version;
  bool line = false;
  bool broken = false;    ///< for sure
  size_t preference = 0;  ///< 0 is the vendor's first choice
};

/// Whether an entry is about hops from a node, and to a node.
struct Rule {
  Json entry;
  bool sure = true;
  bool blocks = false;  ///< no hop may match it
  std::vector<bool> from, to;
  bool matches(size_t here, size_t there) const { return from[here] && to[there]; }
};

class Graph {
 public:
  Graph(const Version& from, const Version& to, const Json& data, const Json& facts, const std::string& name)
      : from_(from), to_(to), data_(data), facts_(facts), name_(name) {
    check_shape();
    if (data.contains("releases"))
      for (const Json& release : data["releases"]) releases_.push_back(Version::parse(release.get<std::string>()));
    nodes_.push_back({from});
    nodes_.push_back({to});
    for (const Json& checkpoint : entries("checkpoints")) add_stops(checkpoint);
    for (Node& node : nodes_)
      for (const Json& broken : entries("broken"))
        if (is_sure(broken) && node.version.satisfies(text(broken, "releases"))) node.broken = true;
    for (const Json& checkpoint : entries("checkpoints")) add_rule(checkpoint, checkpoint.contains("through"));
    for (const Json& barrier : entries("barriers")) add_rule(barrier, is_sure(barrier));
  }

  Json path() const {
    if (from_ == to_) return {{"hops", Json::array()}, {"unsure", false}};
    if (to_ < from_) return blocked({{"id", "older"}, {"why", to_.text() + " is older than " + from_.text()}, {"source", "their numbers"}});
    if (nodes_[1].broken) return blocked(broken_entry(nodes_[1].version));
    const std::vector<size_t> way = shortest();
    if (way.empty()) return blocked(obstacle());
    Json hops = Json::array();
    bool unsure = false;
    for (size_t i = 1; i < way.size(); ++i) {
      hops.push_back(hop(way[i - 1], way[i]));
      unsure = unsure || !hops.back().at("unsure").empty();
    }
    return {{"hops", hops}, {"unsure", unsure}};
  }

 private:
  void check_shape() const {
    auto refuse = [&](const std::string& why) { throw Error(Code::json_invalid, name_ + ": " + why); };
    if (get_or<std::string>(data_, "format", "") != "playbook checkpoints 1") refuse("expected \"format\": \"playbook checkpoints 1\"");
    const std::map<std::string, std::vector<std::string>> needed{{"checkpoints", {"id", "from", "to", "why", "source"}},
                                                                 {"barriers", {"id", "from", "to", "why", "source"}},
                                                                 {"broken", {"id", "releases", "why", "source"}},
                                                                 {"one_way", {"id", "at", "why", "source"}}};
    for (const auto& [kind, unused] : data_.items())
      if (!needed.contains(kind) && kind != "format" && kind != "about" && kind != "releases")
        refuse("\"" + kind + "\" does not belong there");
    for (const auto& [kind, keys] : needed) {
      if (data_.contains(kind) && !data_[kind].is_array()) refuse(kind + " must be a list");
      if (!data_.contains(kind)) continue;
      for (const Json& entry : data_[kind])
        for (const std::string& key : keys)
          if (!entry.is_object() || !entry.contains(key) || !entry[key].is_string())
            refuse("an entry of " + kind + " has no text \"" + key + "\"");
    }
  }

  std::vector<Json> entries(const char* kind) const {
    std::vector<Json> all;
    const Json listed = get_or<Json>(data_, kind, Json::array());
    for (const Json& entry : listed)
      if (get_or(facts_, get_or<std::string>(entry, "when", "").c_str(), true)) all.push_back(entry);
    return all;
  }
  static std::string text(const Json& entry, const char* key) { return entry.at(key).get<std::string>(); }
  static bool is_sure(const Json& entry) { return get_or(entry, "sure", true); }

  // `1.99` is a line where a release of it is to be chosen; with the releases known, the newest of them that is not broken.
  void add_stops(const Json& checkpoint) {
    size_t preference = 0;
    for (const Json choices = get_or<Json>(checkpoint, "through", Json::array()); const Json& choice : choices) {
      Node node{Version::parse(choice.get<std::string>())};
      node.line = node.version.numbers().size() < 3;
      node.preference = preference++;
      if (node.line) choose(node);
      bool between = from_ < node.version && node.version < to_;
      bool known = std::any_of(nodes_.begin(), nodes_.end(), [&](const Node& other) { return other.version == node.version; });
      if (between && !known) nodes_.push_back(std::move(node));
    }
  }

  void choose(Node& node) const {
    const auto line = node.version.numbers();
    const Version* newest = nullptr;
    for (const Version& release : releases_) {
      const auto& numbers = release.numbers();
      bool within = numbers.size() >= line.size() && std::equal(line.begin(), line.end(), numbers.begin()) && release.prerelease().empty();
      if (within && (!newest || *newest < release) && broken_entry(release).is_null()) newest = &release;
    }
    if (!newest) return;
    node.version = *newest;
    node.line = false;
  }

  void add_rule(const Json& entry, bool blocks) {
    Rule rule{entry, is_sure(entry), blocks, {}, {}};
    for (const Node& node : nodes_) {
      rule.from.push_back(node.version.satisfies(text(entry, "from")));
      rule.to.push_back(node.version.satisfies(text(entry, "to")));
    }
    rules_.push_back(std::move(rule));
  }

  bool may_hop(size_t here, size_t there) const {
    if (nodes_[there].broken || nodes_[there].version <= nodes_[here].version) return false;
    return std::none_of(rules_.begin(), rules_.end(), [&](const Rule& rule) { return rule.blocks && rule.matches(here, there); });
  }

  // The fewest hops; among those the stops that the vendor prefers.
  std::vector<size_t> shortest() const {
    using Cost = std::pair<size_t, size_t>;  // hops, preference
    std::vector<Cost> cost(nodes_.size(), {SIZE_MAX, 0});
    std::vector<size_t> before(nodes_.size(), 0);
    std::set<std::pair<Cost, size_t>> open{{{0, 0}, 0}};
    cost[0] = {0, 0};
    while (!open.empty()) {
      const auto [now, here] = *open.begin();
      open.erase(open.begin());
      if (here == 1) break;
      for (size_t there = 1; there < nodes_.size(); ++there) {
        Cost next{now.first + 1, now.second + nodes_[there].preference};
        if (next >= cost[there] || !may_hop(here, there)) continue;
        open.erase({cost[there], there});
        cost[there] = next;
        before[there] = here;
        open.insert({next, there});
      }
    }
    std::vector<size_t> way;
    if (cost[1].first == SIZE_MAX) return way;
    for (size_t at = 1; at != 0; at = before[at]) way.insert(way.begin(), at);
    way.insert(way.begin(), 0);
    return way;
  }

  Json hop(size_t here, size_t there) const {
    Json reasons = Json::array(), before = Json::array(), unsure = Json::array(), one_way = Json::array();
    auto doubt = [&](const Json& entry) {
      unsure.push_back({{"id", entry.at("id")}, {"why", entry.at("why")}, {"source", entry.at("source")}});
    };
    for (const Rule& rule : rules_) {
      bool concerns = false;
      if (rule.blocks) {
        concerns = rule.matches(here, 1) && !rule.matches(here, there) && !rule.matches(there, 1);  // this stop is what it asks for
        if (concerns) reasons.push_back(rule.entry);
      } else if (rule.matches(here, there)) {
        concerns = true;
        before.push_back(rule.entry);
      }
      if (concerns && !rule.sure) doubt(rule.entry);
    }
    for (const Json& broken : entries("broken"))
      if (!is_sure(broken) && nodes_[there].version.satisfies(text(broken, "releases"))) doubt(broken);
    for (const Json& point : entries("one_way")) {
      Version at = Version::parse(text(point, "at"));
      if (nodes_[here].version < at && at <= nodes_[there].version) one_way.push_back(point);
    }
    Json shown{{"from", nodes_[here].version.bare()},
               {"to", nodes_[there].version.bare()},
               {"reasons", reasons},
               {"before", before},
               {"unsure", unsure},
               {"one_way", one_way}};
    if (nodes_[there].line) shown["line"] = true;
    return shown;
  }

  Json broken_entry(const Version& version) const {
    for (const Json& broken : entries("broken"))
      if (is_sure(broken) && version.satisfies(text(broken, "releases"))) return broken;
    return nullptr;
  }

  // What stands between the furthest release that can be reached and the target.
  Json obstacle() const {
    std::deque<size_t> open{0};
    std::vector<bool> seen(nodes_.size());
    size_t furthest = 0;
    seen[0] = true;
    for (; !open.empty(); open.pop_front()) {
      if (nodes_[furthest].version < nodes_[open.front()].version) furthest = open.front();
      for (size_t there = 1; there < nodes_.size(); ++there)
        if (!seen[there] && may_hop(open.front(), there)) seen[there] = true, open.push_back(there);
    }
    for (const Rule& rule : rules_)
      if (rule.blocks && rule.matches(furthest, 1)) return rule.entry;
    return {{"id", "unknown"}, {"why", "the data lead to no way"}, {"source", name_}};
  }

  static Json blocked(const Json& entry) {
    return {{"blocked", {{"id", entry.at("id")}, {"why", entry.at("why")}, {"source", entry.at("source")}}}};
  }

  Version from_, to_;
  const Json& data_;
  const Json& facts_;
  const std::string& name_;
  std::vector<Version> releases_;
  std::vector<Node> nodes_;  // 0 the present one, 1 the target
  std::vector<Rule> rules_;
};

}  // namespace

Json version_path(const std::string& from, const std::string& to, const Json& data, const Json& facts, const std::string& name) {
  return Graph(Version::parse(from), Version::parse(to), data, facts, name).path();
}

}  // namespace playbook
