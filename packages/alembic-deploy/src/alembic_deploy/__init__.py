"""Run Alembic migrations in production; an env.py starts with `alembic_deploy.env.run_env`."""
