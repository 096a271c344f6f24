local playbook, matrix = require "playbook", require "matrix"

return playbook.define {
  name = "matrix/verify",
  summary = "Look at the notes and change nothing.",
  params = {},

  run = function() matrix.verify(matrix.inspect()) end,
}
