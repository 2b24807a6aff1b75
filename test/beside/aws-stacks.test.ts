/** Staging, made and changed for real by Terraform on a local AWS; production takes longer, and is in the long tier. */
import { tellStory } from '../integration/aws-story.ts';

tellStory({ environment: 'staging', workers: 3 });
