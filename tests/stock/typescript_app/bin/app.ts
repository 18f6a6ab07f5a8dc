#!/usr/bin/env node
import * as cdk from 'aws-cdk-lib';
import { PipelineStack } from '../lib/pipeline-stack';

const app = new cdk.App();
new PipelineStack(app, 'StockTypescriptPipeline', {
  env: { account: '444444444444', region: 'us-east-1' },
});
