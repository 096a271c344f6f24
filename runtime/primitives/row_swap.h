// What sqlite.swap and sqlserver.swap share: rows of a table of names and values that change where they are as expected, all or none. After
// a crash the rows themselves say whether it was done.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/engine/context.h"
#include "runtime/engine/primitive.h"

namespace playbook {

/// A row as it should be before or after; nothing: there is none.
struct SwapRow {
  std::string key;
  std::optional<std::string> from, to;
};
using SwapSide = std::optional<std::string> SwapRow::*;

class SwapTable {
 public:
  virtual ~SwapTable() = default;
  /// `site.db: "state" core`
  virtual std::string name_of(const std::string& key) const = 0;
  /// The value of a name; throws where that is not one text.
  virtual std::optional<std::string> present(const std::string& key) = 0;
  /// From one side to the other in one transaction, or throws and changes nothing: `drift` where a row is not as `from` says.
  virtual void carry(Context& context, const std::vector<SwapRow>& rows, SwapSide from, SwapSide to) = 0;

  bool stand(const std::vector<SwapRow>& rows, SwapSide side);
  /// What differs from that side, in words; nothing when all stands so.
  std::optional<std::string> difference(const std::vector<SwapRow>& rows, SwapSide side);
  /// Throws `drift` where something does.
  void demand(const std::vector<SwapRow>& rows, SwapSide side);
};

class RowSwap : public Primitive {
 public:
  Json run(Context& context, const Json& args, const Json&) override;
  Undo undo_kind(const Json&) const override { return Undo::inverse; }
  void undo(Context& context, const Record& record) override;
  Probe probe(Context& context, const Record& record) override;
  std::optional<std::string> drift(Context& context, const Record& record) override;
  Planned plan(Context& context, const Json& args) override;
  bool may_lose_data(const Json&) const override { return true; }

 protected:
  virtual std::unique_ptr<SwapTable> open(Context& context, const Json& args, bool writes) const = 0;
  /// For plans: the file or server.
  virtual std::string where(const Json& args) const = 0;
  /// Those of every swap, behind that which names the database.
  static std::vector<Parameter> swap_parameters(Parameter database);

 private:
  std::vector<SwapRow> rows_of(const Json& args) const;
};

}  // namespace playbook
