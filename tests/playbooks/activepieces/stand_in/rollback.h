// The vendor's rollback command as its transcripts have it: it migrates up first, demands that its candidates are the newest rows, and
// undoes them one by one, each committed alone.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/playbooks/activepieces/stand_in/migrations.h"

namespace stand_in {

/// `arguments`: what follows rollback.js. Connects with `open`. Gives the exit status, 0 or 1.
int roll_back(const std::vector<std::string>& arguments, const std::vector<Migration>& migrations, const std::function<Database()>& open);

}  // namespace stand_in
