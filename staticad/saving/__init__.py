"""Files of variables: the safetensors format, written so that a crash leaves the old file."""
