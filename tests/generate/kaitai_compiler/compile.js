// Compiles the struct on standard input (JSON of a .ksy) to Python; prints the modules as a JSON object, by file name.
const fs = require("fs");
const compiler = require("kaitai-struct-compiler");

compiler
  .compile("python", JSON.parse(fs.readFileSync(0, "utf-8")), null, false)
  .then((files) => process.stdout.write(JSON.stringify(files)))
  .catch((error) => {
    process.stderr.write(`${error}\n`);
    process.exitCode = 1;
  });
