"""What the Lambda assets are made of: bills of materials, licences, known vulnerabilities."""
