"""The command lines: they parse flags, show progress and results, and turn errors into exit statuses; nothing else."""
