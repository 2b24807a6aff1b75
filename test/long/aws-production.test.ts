/** Production, made and changed for real by Terraform on a local AWS: the same story as staging's, at its own size. */
import { tellStory } from '../integration/aws-story.ts';

tellStory({ environment: 'production', workers: 6, compared: true });
